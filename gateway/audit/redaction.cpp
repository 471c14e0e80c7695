#include "gateway/audit/redaction.hpp"

#include "gateway/audit/encoding.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::audit {
namespace {

using nlohmann::json;

constexpr std::string_view mark = "[redacted]";

// Names are compared in lower case without '_', '-', '.' and spaces.
constexpr std::array<std::string_view, 15> secret_words = {
    "token",      "password",      "passwd", "passphrase", "secret",
    "credential", "authorization", "cookie", "apikey",     "privatekey",
    "accesskey",  "session",       "bearer", "signature",  "otp",
};
constexpr std::array<std::string_view, 6> secret_names = {"key",  "auth", "pwd",
                                                          "pass", "pin",  "pw"};
constexpr std::array<std::string_view, 7> content_names = {
    "body", "input", "stdin", "content", "contents", "payload", "data",
};

/// How tokens of well-known issuers begin; at least 12 more characters must follow.
constexpr std::array<std::string_view, 16> token_prefixes = {
    "ghp_",  "gho_", "ghu_", "ghs_", "github_pat_", "glpat-",    "xoxb-", "xoxp-",
    "xoxa-", "sk-",  "AKIA", "ASIA", "tskey-",      "dckr_pat_", "npm_",  "AIza",
};
constexpr std::size_t token_rest_min = 12;

bool is_token_char(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~+/="}.find(c) != std::string_view::npos;
}

bool is_name_char(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

std::string plain_name(std::string_view name)
{
    auto plain = lower_ascii(name);
    std::erase_if(plain, [](char c) { return c == '_' || c == '-' || c == '.' || c == ' '; });
    return plain;
}

std::size_t token_length(std::string_view text) noexcept
{
    const auto end = std::ranges::find_if_not(text, is_token_char);
    return static_cast<std::size_t>(end - text.begin());
}

bool begins_a_word(std::string_view text, std::size_t at) noexcept
{
    return at == 0 || !is_token_char(text[at - 1]) || text[at - 1] == '=' || text[at - 1] == '/';
}

/// "Bearer eyJ..." and "Basic dXNl...": the scheme stays, the credential goes. "basic" is a common
/// word, so what follows it must look like base64 of something.
std::size_t scheme_credential(std::string_view text) noexcept
{
    constexpr std::string_view bearer = "bearer ";
    constexpr std::string_view basic = "basic ";
    const auto has_scheme = [&](std::string_view scheme) {
        return text.size() > scheme.size() && lower_ascii(text.substr(0, scheme.size())) == scheme;
    };
    if (has_scheme(bearer) && token_length(text.substr(bearer.size())) >= 6) return bearer.size();
    if (!has_scheme(basic)) return 0;
    const auto rest = text.substr(basic.size());
    const auto credential = rest.substr(0, token_length(rest));
    const bool is_coded = std::ranges::any_of(credential, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '=';
    });
    return credential.size() >= 8 && is_coded ? basic.size() : 0;
}

/// A token by its own looks: a known prefix, or three base64url parts that begin like a JWT's.
bool looks_like_token(std::string_view text) noexcept
{
    const auto length = token_length(text);
    for (const auto prefix : token_prefixes) {
        if (text.starts_with(prefix) && length >= prefix.size() + token_rest_min) return true;
    }
    return text.starts_with("eyJ") && length >= 20 &&
           std::ranges::count(text.substr(0, length), '.') >= 2;
}

void redact_tokens(std::string& text)
{
    for (std::size_t at = 0; at < text.size(); ++at) {
        // The cheap question first: few positions begin one of these.
        if (std::string_view{"bBgxsAtdne"}.find(text[at]) == std::string_view::npos) continue;
        if (!begins_a_word(text, at)) continue;
        const auto rest = std::string_view{text}.substr(at);
        if (const auto scheme = scheme_credential(rest)) {
            text.replace(at + scheme, token_length(rest.substr(scheme)), mark);
        } else if (looks_like_token(rest)) {
            text.replace(at, token_length(rest), mark);
        }
    }
}

void redact_private_keys(std::string& text)
{
    for (auto at = text.find("-----BEGIN "); at != std::string::npos;
         at = text.find("-----BEGIN ", at + 1)) {
        const auto label_end = text.find("-----", at + 11);
        if (label_end == std::string::npos) return;
        const auto label = std::string_view{text}.substr(at, label_end - at);
        if (label.find("PRIVATE KEY") == std::string_view::npos) continue;
        // A key that is cut off counts to the end of the text.
        const auto end_mark = text.find("-----END ", label_end);
        const auto end =
            end_mark == std::string::npos ? std::string::npos : text.find("-----", end_mark + 9);
        const auto count = end == std::string::npos ? std::string::npos : end + 5 - at;
        text.replace(at, count, "[redacted private key]");
    }
}

void redact_user_info(std::string& text)
{
    for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
        const auto from = at + 3;
        const auto end = std::min(text.find_first_of("/?# \t\r\n\"'", from), text.size());
        const auto sign = std::string_view{text}.substr(from, end - from).rfind('@');
        if (sign != std::string_view::npos && sign > 0) text.replace(from, sign, mark);
    }
}

/// `--password=x`, `PGPASSWORD=x`, `?api_key=x&`: the value goes.
void redact_pairs(std::string& text)
{
    for (auto at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
        auto from = at;
        while (from > 0 && is_name_char(text[from - 1])) --from;
        if (!names_a_secret(std::string_view{text}.substr(from, at - from))) continue;
        const bool is_quoted =
            at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\'');
        const auto begin = is_quoted ? at + 2 : at + 1;
        const auto end =
            is_quoted ? text.find(text[at + 1], begin) : text.find_first_of(" \t\r\n&;\"',", begin);
        const auto count = std::min(end, text.size()) - begin;
        if (count > 0) text.replace(begin, count, mark);
    }
}

std::string digest_of(const json& content)
{
    const auto text =
        content.is_string() ? content.get_ref<const std::string&>() : dump_json(content);
    return "[" + std::to_string(text.size()) + " bytes, sha256 " + to_hex(sha256(text)) + "]";
}

bool is_secret_option(const json& item)
{
    if (!item.is_string()) return false;
    const auto& text = item.get_ref<const std::string&>();
    return text.starts_with('-') && text.find('=') == std::string::npos && names_a_secret(text);
}

/// What one value may take; each round of clipping is narrower.
struct Room {
    std::size_t text_bytes;
    std::size_t items;
    int depth;
};
constexpr std::array rooms = {Room{512, 64, 8}, Room{128, 16, 6}, Room{48, 8, 4}, Room{16, 4, 2}};

std::string clipped(const std::string& text, std::size_t bytes_max)
{
    if (text.size() <= bytes_max) return text;
    return std::string{clip_utf8(text, bytes_max)} + "... (" + std::to_string(text.size()) +
           " bytes)";
}

json redacted(const json& value, const SecretRegistry& known, int depth);

json redacted_object(const json& object, const SecretRegistry& known, int depth)
{
    auto out = json::object();
    for (const auto& [name, member] : object.items()) {
        const auto shown = redact_text(name, known);
        if (names_a_secret(name) && !member.is_null() && !member.is_boolean()) {
            out.emplace(shown, mark);
        } else if (std::ranges::find(content_names, plain_name(name)) != content_names.end() &&
                   !member.is_null()) {
            out.emplace(shown, digest_of(member));
        } else {
            out.emplace(shown, redacted(member, known, depth + 1));
        }
    }
    return out;
}

json redacted(const json& value, const SecretRegistry& known, int depth)
{
    // Deeper than any tool's schema; the parser's own bound is 64.
    if (depth > 32) return "[nested too deep]";
    if (value.is_string()) return redact_text(value.get_ref<const std::string&>(), known);
    if (value.is_object()) return redacted_object(value, known, depth);
    if (!value.is_array()) return value;
    auto out = json::array();
    bool is_value_of_secret = false;
    for (const auto& item : value) {
        out.push_back(is_value_of_secret ? json(mark) : redacted(item, known, depth + 1));
        is_value_of_secret = !is_value_of_secret && is_secret_option(item);
    }
    return out;
}

json fitted(const json& value, const Room& room, int depth)
{
    if (value.is_string()) return clipped(value.get_ref<const std::string&>(), room.text_bytes);
    if (!value.is_structured()) return value;
    if (depth >= room.depth) return value.is_array() ? "[...]" : "{...}";
    json out = value.is_array() ? json::array() : json::object();
    std::size_t count = 0;
    for (const auto& [name, member] : value.items()) {
        if (count++ == room.items) break;
        if (value.is_array())
            out.push_back(fitted(member, room, depth + 1));
        else
            out.emplace(clipped(name, room.text_bytes), fitted(member, room, depth + 1));
    }
    if (value.size() <= room.items) return out;
    const auto more = "and " + std::to_string(value.size() - room.items) + " more";
    if (value.is_array())
        out.push_back(more);
    else
        out.emplace("...", more);
    return out;
}

}  // namespace

bool names_a_secret(std::string_view name)
{
    const auto plain = plain_name(name);
    if (plain.empty() || plain == "publickey" || plain == "maxtokens") return false;
    if (std::ranges::find(secret_names, plain) != secret_names.end()) return true;
    const bool ends_with_key =
        plain.ends_with("key") && !plain.ends_with("publickey") && plain != "idempotencykey";
    return ends_with_key || std::ranges::any_of(secret_words, [&](std::string_view word) {
               return plain.find(word) != std::string::npos;
           });
}

std::string redact_text(std::string_view text, const SecretRegistry& known)
{
    std::string out{text};
    known.scrub(out);
    redact_private_keys(out);
    redact_user_info(out);
    redact_pairs(out);
    redact_tokens(out);
    return is_valid_utf8(out) ? out : repair_utf8(out);
}

std::string redact_parameters(const json& arguments, const SecretRegistry& known)
{
    if (arguments.empty()) return arguments.is_array() ? "[]" : "{}";
    const auto safe = redacted(arguments, known, 0);
    auto text = dump_json(safe);
    for (const auto& room : rooms) {
        if (text.size() <= parameters_bytes_max) return text;
        text = dump_json(fitted(safe, room, 0));
    }
    if (text.size() <= parameters_bytes_max) return text;
    return dump_json({{"...", std::to_string(dump_json(safe).size()) + " bytes of arguments"}});
}

}  // namespace tailops::audit
