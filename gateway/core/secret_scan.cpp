#include "gateway/core/secret_scan.hpp"

#include "gateway/core/secret_shapes.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>

namespace tailops {

using namespace shapes;

namespace {

constexpr std::size_t user_info_bytes_max = 512;
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t jwt_bytes_max = 8192;

/// With which characters a secret, or what tells of one, begins.
constexpr auto beginnings = [] {
    std::array<bool, 256> out{};
    for (const char c : std::string_view{"-$:LbBeEsSpP"}) out[static_cast<unsigned char>(c)] = true;
    for (const auto& shape : token_shapes) out[static_cast<unsigned char>(shape.prefix[0])] = true;
    return out;
}();

bool is_mixed(std::string_view text) noexcept
{
    return std::ranges::any_of(text, is_digit) && std::ranges::any_of(text, is_lower) &&
           std::ranges::any_of(text, is_upper);
}

/// How long the hashes of a method of crypt(5) are; 0: that varies; none: it is no such method.
std::optional<std::size_t> hash_length(std::string_view method) noexcept
{
    if (method == "1" || method == "apr1" || method == "md5") return 22;
    if (method == "2a" || method == "2b" || method == "2y") return 53;  // with its salt
    if (method == "sha1") return 28;
    if (method == "5" || method == "7" || method == "y" || method == "gy") return 43;
    if (method == "6") return 86;
    if (method.starts_with("argon2") || method.starts_with("pbkdf2")) return 0;
    return std::nullopt;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) noexcept
{
    return text.size() >= lower.size() && equal_ignoring_case(text.substr(0, lower.size()), lower);
}

}  // namespace

std::optional<FoundSecret> SecretScan::next(std::size_t from, std::size_t until)
{
    for (auto place = from; place < until; ++place) {
        ++steps_;
        if (const auto length = known_.length_at(text_, place)) {
            steps_ += length;
            return FoundSecret{place, place + length, "secret of the gateway"};
        }
        const char c = text_[place];
        const bool is_worth_it = beginnings[static_cast<unsigned char>(c)] ||
                                 (suspicion_ == Suspicion::wary && c == '=');
        if (!is_worth_it) continue;
        if (auto found = at(place)) return found;
    }
    return std::nullopt;
}

std::optional<FoundSecret> SecretScan::at(std::size_t at)
{
    switch (text_[at]) {
    case '-': return key_at(at);
    case '$': return hash_at(at);
    case ':':
        if (auto found = user_info_at(at)) return found;
        return suspicion_ == Suspicion::wary ? pair_at(at) : std::nullopt;
    case '=': return pair_at(at);
    default: break;
    }
    // What follows begins with a letter: only where a word begins.
    if (is_alnum(previous(at))) return std::nullopt;
    if (auto found = token_at(at)) return found;
    switch (text_[at]) {
    case 'e': return jwt_at(at);
    case 'L': return coded_key_at(at);
    case 'b':
    case 'B': {
        if (auto found = scheme_at(at)) return found;
        return coded_key_at(at);
    }
    default: return named_key_at(at);
    }
}

std::optional<FoundSecret> SecretScan::token_at(std::size_t at)
{
    for (const auto& shape : token_shapes) {
        if (shape.prefix[0] != text_[at] || !text_.substr(at).starts_with(shape.prefix)) continue;
        const auto from = at + shape.prefix.size();
        const bool is_ours = shape.prefix == "tailops_";
        if (suspicion_ == Suspicion::wary && !is_ours &&
            run(from, is_token_char, wary_rest_min) == wary_rest_min) {
            return FoundSecret{at, from + run(from, is_token_char), shape.kind};
        }
        // Names of our metrics begin as our tokens do.
        const bool is_short_enough = suspicion_ == Suspicion::wary && !is_ours;
        const auto rest_min = is_short_enough ? std::size_t{20} : shape.rest_min;
        // 64 more tell whether it has letters and digits; the whole is measured when it is one.
        const auto seen = run(from, shape.fits, std::max(rest_min, std::size_t{64}));
        if (seen < rest_min || seen > shape.rest_max) continue;
        if (shape.rest_max != endless && from + seen < text_.size() && is_word(text_[from + seen]))
            continue;
        if (shape.is_mixed && !is_mixed(text_.substr(from, seen))) continue;
        return FoundSecret{at, from + run(from, shape.fits), shape.kind};
    }
    return std::nullopt;
}

/// RFC 7519: three or five parts, the first of which is base64url of '{"'.
std::optional<FoundSecret> SecretScan::jwt_at(std::size_t at)
{
    if (!text_.substr(at).starts_with("eyJ") || is_dotted_word(previous(at))) return std::nullopt;
    auto length = run(at, is_dotted_word, jwt_bytes_max);
    const auto whole = text_.substr(at, length);
    const auto dots = std::ranges::count(whole, '.');
    if (dots < 2 || length < 20) return std::nullopt;
    const auto first = whole.find('.');
    const auto second = whole.find('.', first + 1);
    const bool is_signed = first >= 10 && whole.substr(first + 1).starts_with("eyJ") &&
                           second - first > 10 && length - second > 8;
    const bool is_encrypted = dots == 4 && length >= 80;
    if (suspicion_ == Suspicion::sure && !is_signed && !is_encrypted) return std::nullopt;
    if (length == jwt_bytes_max) length += run(at + length, is_dotted_word);
    while (text_[at + length - 1] == '.') --length;
    return FoundSecret{at, at + length, token};
}

/// "Bearer eyJ..." and "Basic dXNl...": the scheme stays, the credential goes. Both are common
/// words, so what follows must look like no word.
std::optional<FoundSecret> SecretScan::scheme_at(std::size_t at)
{
    const auto rest = text_.substr(at);
    const bool is_bearer = starts_with_ignoring_case(rest, "bearer ");
    if (!is_bearer && !starts_with_ignoring_case(rest, "basic ")) return std::nullopt;
    const auto from = at + (is_bearer ? 7 : 6);
    const auto length = run(from, is_token_char, 64);
    const auto credential = text_.substr(from, length);
    const bool is_coded = std::ranges::any_of(
        credential, [](char c) { return is_upper(c) || is_digit(c) || c == '='; });
    const bool is_wary = suspicion_ == Suspicion::wary;
    const bool is_one =
        is_bearer
            ? (is_wary ? length >= 6
                       : length >= 16 && is_coded && std::ranges::any_of(credential, is_digit))
            : (is_wary ? length >= 8 && is_coded : length >= 12 && is_mixed(credential));
    if (!is_one) return std::nullopt;
    return FoundSecret{from, from + run(from, is_token_char), "credential"};
}

/// `aws_secret_access_key = ...`, `PrivateKey = ...` (WireGuard): a key of a fixed length.
std::optional<FoundSecret> SecretScan::named_key_at(std::size_t at)
{
    for (const auto& key : named_keys) {
        if (!starts_with_ignoring_case(text_.substr(at), key.name)) continue;
        auto from = at + key.name.size();
        const auto is_between = [](char c) {
            return is_blank(c) || c == '=' || c == ':' || c == '"' || c == '\'' || c == '\\';
        };
        const auto gap = run(from, is_between, 8);
        from += gap;
        if (gap == 0 || run(from, is_base64, key.bytes + 1) != key.bytes) continue;
        return FoundSecret{from, from + key.bytes, key.kind};
    }
    constexpr std::string_view proxmox = "PVEAPIToken=";
    if (!text_.substr(at).starts_with(proxmox)) return std::nullopt;
    const auto is_name = [](char c) { return is_dotted_word(c) || c == '@' || c == '!'; };
    const auto from = at + proxmox.size() + run(at + proxmox.size(), is_name, 192) + 1;
    if (from > text_.size() || text_[from - 1] != '=') return std::nullopt;
    const auto length = run(from, is_word, 64);
    if (length < 30) return std::nullopt;
    return FoundSecret{from, from + length, token};
}

/// crypt(5): "$6$salt$hash", also with parameters; and the likes of Argon2.
std::optional<FoundSecret> SecretScan::hash_at(std::size_t at)
{
    const auto method = run(at + 1, is_alnum, 10);
    if (method == 0 || at + 1 + method >= text_.size() || text_[at + 1 + method] != '$') {
        return std::nullopt;
    }
    const auto length = hash_length(text_.substr(at + 1, method));
    if (!length) return std::nullopt;
    auto here = at + 1 + method;
    std::size_t last = 0;
    for (int fields = 0; fields < 5 && here < text_.size() && text_[here] == '$'; ++fields) {
        last = run(here + 1, is_hash_char, 256);
        here += 1 + last;
    }
    const bool is_cut = here == text_.size() && last >= 22;
    if (is_cut || (*length > 0 ? last == *length : last >= 22)) {
        return FoundSecret{at, here, "password hash"};
    }
    return std::nullopt;
}

/// The password in "scheme://user:password@host". In records the user goes too.
std::optional<FoundSecret> SecretScan::user_info_at(std::size_t at)
{
    if (!text_.substr(at).starts_with("://")) return std::nullopt;
    const auto from = at + 3;
    const auto length = run(
        from,
        [](char c) {
            return std::string_view{"/?# \t\r\n\"'<>\\"}.find(c) == std::string_view::npos;
        },
        user_info_bytes_max);
    const auto authority = text_.substr(from, length);
    const auto sign = authority.rfind('@');
    if (sign == authority.npos || sign == 0) return std::nullopt;
    if (suspicion_ == Suspicion::wary) return FoundSecret{from, from + sign, "password"};
    const auto colon = authority.substr(0, sign).find(':');
    if (colon == authority.npos || colon + 1 == sign) return std::nullopt;
    return FoundSecret{from + colon + 1, from + sign, "password"};
}

/// Only for records: `--password=x`, `?api_key=x&`, `"password": "x"`, `X-Api-Key: x`. Stands at
/// the sign between name and value.
std::optional<FoundSecret> SecretScan::pair_at(std::size_t at)
{
    const bool is_colon = text_[at] == ':';
    auto name_end = at;
    while (name_end > 0 && at - name_end < 4 && is_blank(text_[name_end - 1])) --name_end;
    bool is_quoted = false;
    while (name_end > 0 && at - name_end < 4 &&
           std::string_view{"\"'\\"}.find(text_[name_end - 1]) != std::string_view::npos) {
        --name_end;
        is_quoted = true;
    }
    if (!is_quoted && name_end != at) return std::nullopt;  // "now = later"
    auto name_begin = name_end;
    while (name_begin > 0 && name_end - name_begin < name_bytes_max &&
           is_dotted_word(text_[name_begin - 1])) {
        --name_begin;
    }
    steps_ += at - name_begin;
    const auto name = text_.substr(name_begin, name_end - name_begin);
    // `reason: text` is how people write; a header has a "-" in its name.
    if (is_colon && !is_quoted && name.find('-') == name.npos) return std::nullopt;
    if (!names_a_secret(name)) return std::nullopt;
    auto from = at + 1;
    from += run(from, is_blank, 4);
    while (from < text_.size() && text_[from] == '\\') ++from;
    const char quote = from < text_.size() ? text_[from] : '\0';
    const bool has_quote = quote == '"' || quote == '\'';
    if (has_quote) ++from;
    for (const std::string_view scheme : {"bearer ", "basic "}) {
        if (starts_with_ignoring_case(text_.substr(from), scheme)) from += scheme.size();
    }
    const auto length = run(from, [&](char c) {
        if (has_quote) return c != quote && c != '\\';
        return std::string_view{" \t\r\n&;\"',}"}.find(c) == std::string_view::npos;
    });
    if (length == 0) return std::nullopt;
    return FoundSecret{from, from + length, "secret"};
}

namespace {

// Names are compared in lower case without '_', '-', '.' and spaces.
constexpr std::array<std::string_view, 15> secret_words = {
    "token",      "password",      "passwd", "passphrase", "secret",
    "credential", "authorization", "cookie", "apikey",     "privatekey",
    "accesskey",  "session",       "bearer", "signature",  "otp",
};
constexpr std::array<std::string_view, 6> secret_names = {"key",  "auth", "pwd",
                                                          "pass", "pin",  "pw"};

}  // namespace

std::string plain_name(std::string_view name)
{
    auto plain = lower_ascii(name.substr(0, name_bytes_max));
    std::erase_if(plain, [](char c) { return c == '_' || c == '-' || c == '.' || c == ' '; });
    return plain;
}

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

}  // namespace tailops
