#include "gateway/core/secret_scan.hpp"
#include "gateway/core/secret_shapes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

/// What is put in the place of secrets.
namespace tailops {

using namespace shapes;

namespace {

std::string mark_of(std::string_view kind)
{
    return "[redacted: " + std::string{kind} + "]";
}

}  // namespace

std::string without_secrets(std::string_view text,
                            const KnownSecrets& known,
                            std::set<std::string>* kinds)
{
    SecretScan scan{text, known, Suspicion::sure};
    std::string out;
    std::size_t at = 0;
    for (auto found = scan.next(0, text.size()); found; found = scan.next(at, text.size())) {
        out += text.substr(at, found->begin - at);
        out += mark_of(found->kind);
        if (kinds) kinds->emplace(found->kind);
        at = found->end;
    }
    if (at == 0) return std::string{text};
    out += text.substr(at);
    return out;
}

std::string without_suspects(std::string_view text, const KnownSecrets& known)
{
    SecretScan scan{text, known, Suspicion::wary};
    std::string out;
    std::size_t at = 0;
    for (auto found = scan.next(0, text.size()); found; found = scan.next(at, text.size())) {
        out += text.substr(at, found->begin - at);
        out += found->kind == private_key ? mark_of(private_key) : "[redacted]";
        at = found->end;
    }
    out += text.substr(at);
    return out;
}

std::string without_known(std::string_view text, const KnownSecrets& known)
{
    if (known.empty()) return std::string{text};
    std::string out;
    std::size_t shown = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = known.length_at(text, at);
        if (length == 0) {
            ++at;
            continue;
        }
        out += text.substr(shown, at - shown);
        out += "[redacted]";
        at += length;
        shown = at;
    }
    out += text.substr(shown);
    return out;
}

void redact_secrets(nlohmann::json& value, const KnownSecrets& known, std::set<std::string>& kinds)
{
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        text = without_secrets(text, known, &kinds);
        return;
    }
    if (!value.is_structured()) return;
    for (auto& member : value) redact_secrets(member, known, kinds);
    if (!value.is_object()) return;
    std::vector<std::string> telling;
    for (const auto& [name, member] : value.items()) {
        if (SecretScan{name, known, Suspicion::sure}.next(0, name.size())) telling.push_back(name);
    }
    for (const auto& name : telling) {
        auto member = std::move(value[name]);
        value.erase(name);
        value.emplace(without_secrets(name, known, &kinds), std::move(member));
    }
}

namespace {

/// Appends as many bytes as `secret` has: its mark where there is room, and stars. Line ends, what
/// stands for them and quotes stay.
void append_masked(std::string& out, std::string_view secret, std::string_view kind)
{
    const auto first_kept = std::ranges::find_if(
        secret, [](char c) { return c == '\n' || c == '\r' || c == '"' || c == '\\'; });
    const auto room = static_cast<std::size_t>(first_kept - secret.begin());
    auto mark = mark_of(kind);
    if (mark.size() > room) mark = "[redacted]";
    if (mark.size() > room) mark.clear();
    out += mark;
    const bool is_key = kind == private_key;
    bool is_line_begin = false;
    for (auto at = mark.size(); at < secret.size(); ++at) {
        const char c = secret[at];
        if (is_line_begin && secret.substr(at).starts_with(section_mark)) {
            const auto end = std::min(secret.find('\n', at), secret.size());
            out += secret.substr(at, end - at);
            at = end - 1;
            continue;
        }
        is_line_begin = c == '\n';
        if (c == '\\' && at + 1 < secret.size()) {
            out += c;
            out += secret[++at];
            continue;
        }
        const bool is_kept = is_key ? !is_token_char(c) : c == '\n' || c == '\r' || c == '"';
        out += is_kept ? c : '*';
    }
}

}  // namespace

std::string StreamScrubber::add(std::string_view bytes)
{
    held_ += bytes;
    // Twice as much: what is held is moved about once in a while only.
    return held_.size() > 2 * secret_lookahead ? release(false) : std::string{};
}

std::string StreamScrubber::finish()
{
    return release(true);
}

std::string StreamScrubber::release(bool is_whole)
{
    const std::string_view text{held_};
    const auto until = is_whole ? text.size() : text.size() - secret_lookahead;
    std::string out;
    out.reserve(until);
    std::size_t at = 0;
    if (is_in_run_) {
        while (at < text.size() && is_token_char(text[at])) ++at;
        out.append(at, '*');
        is_in_run_ = at == text.size() && !is_whole;
    }
    SecretScan scan{text, *known_, Suspicion::sure, before_};
    if (is_in_key_) {
        const auto rest = scan.rest_of_key();
        append_masked(out, text.substr(0, rest.end), rest.kind);
        at = rest.end;
        is_in_key_ = scan.goes_on() && !is_whole;
    }
    while (at < until) {
        const auto found = scan.next(at, until);
        if (!found) {
            out += text.substr(at, until - at);
            at = until;
            break;
        }
        out += text.substr(at, found->begin - at);
        append_masked(out, text.substr(found->begin, found->end - found->begin), found->kind);
        kinds_.emplace(found->kind);
        at = found->end;
        is_in_key_ = found->kind == private_key && scan.goes_on() && !is_whole;
        is_in_run_ = !is_in_key_ && at == text.size() && !is_whole;
    }
    if (at > 0) before_ = text[at - 1];
    held_.erase(0, at);
    return out;
}

}  // namespace tailops
