#include "policy/caller_names.hpp"

#include "gateway/core/text.hpp"
#include "policy/rule.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// Who vouches for somebody: an authorization server, by its URL, or this gateway itself.
bool could_be_issuer(std::string_view text)
{
    if (text.find(' ') != std::string_view::npos) return false;
    return text.starts_with("https://") || text.starts_with("http://") || text == "tailops" ||
           text == "tailopsmcp" || text == "local";
}

/// What keeps "ISSUER|sub" from naming anybody; empty: nothing.
std::string issuer_fault(std::string_view subject)
{
    const auto bar = subject.find('|');
    if (bar == std::string_view::npos) return {};
    const auto issuer = subject.substr(0, bar);
    const auto sub = subject.substr(bar + 1);
    if (issuer.empty()) {
        return "has no issuer before its \"|\"; write ISSUER|SUB, or " + quote(sub) +
               " for that name at any issuer";
    }
    if (sub.empty()) return "has no name behind its \"|\"; write ISSUER|SUB";
    if (trim(sub) != sub) return "has a blank behind its \"|\"; write ISSUER|SUB without one";
    if (could_be_issuer(issuer)) return {};
    return "has no issuer before its \"|\": that is the URL of an authorization server, "
           "\"tailops\", \"tailopsmcp\" or \"local\"; a sub that has a \"|\" of its own is written "
           "with its issuer, ISSUER|" +
           std::string{subject};
}

/// What keeps a name from being anybody's; empty: nothing.
std::string fault_of(const ListedName& listed, std::string_view key)
{
    const std::string_view name = listed.text;
    // Of a block with such a thing in it `listed_names` has complained.
    const bool has_edges = trim(name) != name || std::ranges::any_of(name, is_control);
    if (has_edges && !listed.at.is_block()) {
        return "begins or ends with a blank, or has a line end in it, which no name has; write the "
               "name alone, and several as a list";
    }
    if (name.find('*') != std::string_view::npos) {
        if (key == "actors") {
            return name == any_actor ? std::string{}
                                     : "matches nobody: \"*\" alone means anybody who acts, and no "
                                       "other glob is one here; write names out";
        }
        return "matches nobody: a * is no glob in " + quote(key) +
               "; write names out, or leave the key out to mean everybody";
    }
    return key == "subjects" ? issuer_fault(name) : std::string{};
}

}  // namespace

std::set<std::string> read_callers(yaml::MapReader& reader, std::string_view key, ListReader list)
{
    const auto names = list(reader, key);
    for (const auto& name : names) {
        const auto fault = fault_of(name, key);
        if (!fault.empty()) reader.complain(name.at, quote(name.text) + ' ' + fault);
    }
    return texts_of(names);
}

void check_scope_names(const std::vector<ListedName>& names, yaml::MapReader& reader)
{
    const auto separates = [](char c) { return c == ' ' || is_control(c); };
    for (const auto& name : names) {
        if (name.text == "*") {
            reader.complain(name.at,
                            "\"*\" is no scope that a token has; write scopes out, or "
                            "leave \"scopes\" out");
        } else if (!name.at.is_block() && std::ranges::any_of(name.text, separates)) {
            reader.complain(name.at, quote(name.text) +
                                         " has a blank or a line end in it, which "
                                         "no scope has; write several as a list");
        }
    }
}

}  // namespace tailops::policy
