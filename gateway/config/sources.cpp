#include "gateway/config/sources.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>

namespace tailops::config {
namespace {

using yaml::Node;

/// A value as one text: equal texts, equal settings.
std::string text_of(const Node& node)
{
    std::string out = node.text();
    for (const auto& item : node.items()) out += '[' + text_of(item) + ']';
    for (const auto& entry : node.entries()) {
        out += '{' + entry.key + ':' + text_of(Node{entry.value}) + '}';
    }
    return out;
}

/// The variables that stand for a setting as they are.
struct Variable {
    const char* name;
    const char* key;
    std::string& into;
};

}  // namespace

const SettingSource& SettingSources::of(std::string key) const
{
    static const SettingSource nothing{};
    for (;;) {
        if (const auto at = by_key_.find(key); at != by_key_.end()) return at->second;
        if (key.empty()) return nothing;
        const auto dot = key.rfind('.');
        key.resize(dot == std::string::npos ? 0 : dot);
    }
}

bool SettingSources::is_said(const std::string& key) const
{
    const auto at = by_key_.find(key);
    return at != by_key_.end() && !at->second.said.empty();
}

std::vector<std::string> SettingSources::differing_from(const SettingSources& other) const
{
    std::vector<std::string> out;
    const auto look = [&](const SettingSources& from, const SettingSources& into) {
        for (const auto& [key, source] : from.by_key_) {
            const auto at = into.by_key_.find(key);
            const std::string said = at == into.by_key_.end() ? "" : at->second.said;
            if (said != source.said) out.push_back(key);
        }
    };
    look(*this, other);
    look(other, *this);
    std::ranges::sort(out);
    const auto [first, last] = std::ranges::unique(out);
    out.erase(first, last);
    return out;
}

void note_sources(const std::string& prefix, const Node& node, SettingSources& sources)
{
    for (const auto& entry : node.entries()) {
        const auto key = prefix.empty() ? entry.key : prefix + '.' + entry.key;
        const Node value{entry.value};
        // Of a section its keys are what is said.
        const bool is_section = value.kind() == Node::Kind::map;
        sources.set(key, {.file = node.file(),
                          .place = entry.place,
                          .said = is_section ? std::string{} : text_of(value)});
        if (is_section) note_sources(key, value, sources);
    }
}

AuthMode to_mode(std::string_view word)
{
    if (word == "oidc") return AuthMode::oidc;
    return word == "none" ? AuthMode::none : AuthMode::token;
}

std::optional<LogLevel> to_level(std::string_view word)
{
    if (word == "debug") return LogLevel::debug;
    if (word == "info") return LogLevel::info;
    if (word == "warning" || word == "warn") return LogLevel::warning;
    if (word == "error" || word == "critical") return LogLevel::error;
    return std::nullopt;
}

void apply_environment(const targets::Environment& environment,
                       yaml::Problems& problems,
                       Settings& out)
{
    /// The variable's value when it says something; it is then the source of `key`.
    const auto take = [&](const char* name, const char* key) {
        auto value = environment(name);
        if (!value || value->empty()) return std::optional<std::string>{};
        if (trim(*value).empty()) {
            problems.add(name, yaml::nowhere, "is blank; give it a value, or unset it");
            return std::optional<std::string>{};
        }
        out.sources.set(key, {.file = name, .place = yaml::nowhere, .said = *value});
        return value;
    };
    if (const auto listen = take("TAILOPS_LISTEN", "listen")) {
        out.listen.clear();
        for (const auto part : split(*listen, ',')) {
            out.listen.emplace_back(trim(part));
            if (!out.listen.back().empty()) continue;
            problems.add("TAILOPS_LISTEN", yaml::nowhere,
                         quote(*listen) +
                             " has an empty item; write addresses with one comma between each two");
        }
    }
    const std::array variables = {
        Variable{"TAILOPS_BASE_URL", "base_url", out.base_url},
        Variable{"TAILOPS_STATE_DIR", "state_dir", out.state_dir},
        Variable{"TSIDP_URL", "auth.oidc.issuer", out.auth.oidc.issuer},
        Variable{"TSIDP_CLIENT_ID", "auth.oidc.client_id", out.auth.oidc.client_id}};
    for (const auto& variable : variables) {
        if (auto value = take(variable.name, variable.key)) variable.into = *std::move(value);
    }
    const auto secret = environment("TSIDP_CLIENT_SECRET");
    if (secret && !secret->empty() && !out.sources.is_said("auth.oidc.client_secret")) {
        out.auth.oidc.client_secret = targets::CredentialReference{
            targets::CredentialReference::Source::environment, "TSIDP_CLIENT_SECRET"};
    }
    if (const auto mode = take("TAILOPS_AUTH_MODE", "auth.mode")) {
        out.auth.mode = to_mode(*mode);
        if (to_string(out.auth.mode) != *mode) {
            problems.add("TAILOPS_AUTH_MODE", yaml::nowhere,
                         quote(*mode) + "; use oidc, token or none");
        }
    }
    if (const auto word = take("LOG_LEVEL", "log.level")) {
        if (const auto level = to_level(lower_ascii(*word))) {
            out.log_level = *level;
        } else {
            problems.add("LOG_LEVEL", yaml::nowhere,
                         quote(*word) + "; use debug, info, warning or error");
        }
    }
    if (const auto word = take("TAILOPS_LOG_FORMAT", "log.format")) {
        out.log_format = *word == "json" ? LogFormat::json : LogFormat::text;
        if (*word != "json" && *word != "text") {
            problems.add("TAILOPS_LOG_FORMAT", yaml::nowhere, quote(*word) + "; use text or json");
        }
    }
}

std::vector<std::string> waiting_for_restart(const Settings& in_force, const Settings& next)
{
    auto out = in_force.sources.differing_from(next.sources);
    std::erase_if(out, [](const std::string& key) {
        return key.empty() || key == "version" || key == "targets" || key == "policy" ||
               key == "commands";
    });
    return out;
}

}  // namespace tailops::config
