#include "targets/http/api_path.hpp"

#include "gateway/core/text.hpp"
#include "gateway/net/http_client.hpp"

#include <algorithm>
#include <optional>

namespace tailops::targets {

namespace {

bool is_alphanumeric(char c) noexcept
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_unreserved(char c) noexcept
{
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// What may stand in a segment as it is (RFC 3986 section 3.3), but for the ";".
bool is_segment_character(char c) noexcept
{
    constexpr std::string_view others{"!$&'()*+,=:@"};
    return is_unreserved(c) || others.find(c) != std::string_view::npos;
}

std::optional<int> hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return std::nullopt;
}

constexpr std::string_view parameters_fault =
    "it has \";\", which some servers cut off with what follows";
constexpr std::string_view needless = "it encodes a character that needs no encoding";
constexpr std::string_view small_letters = "a percent-encoding in it is in small letters";

/// The byte that the encoding at the beginning of `text` stands for.
std::optional<char> encoded_byte(std::string_view text) noexcept
{
    if (text.size() < 3) return std::nullopt;
    const auto high = hex_digit(text[1]);
    const auto low = hex_digit(text[2]);
    if (!high || !low) return std::nullopt;
    return static_cast<char>(*high * 16 + *low);
}

/// What is wrong with the encoding that begins at `text`, which begins with "%"; or nothing.
std::string_view encoding_fault(std::string_view text) noexcept
{
    const auto byte = encoded_byte(text);
    if (!byte) return "a percent-encoding in it is incomplete";
    const auto code = static_cast<unsigned char>(*byte);
    if (code < 0x20 || code == 0x7f) return "it has an encoded control character";
    // A server that decodes before it splits, or decodes twice, would see another path than we do.
    if (*byte == '/' || *byte == '\\' || *byte == '%')
        return "it has an encoded slash, backslash or percent sign";
    if (*byte == ';') return parameters_fault;
    if (is_segment_character(*byte)) return needless;
    const auto is_small = [](char c) { return c >= 'a' && c <= 'f'; };
    if (is_small(text[1]) || is_small(text[2])) return small_letters;
    return {};
}

/// A segment of which every encoding is complete, decoded.
std::string decoded(std::string_view segment)
{
    std::string out;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        const auto byte =
            segment[i] == '%' ? encoded_byte(segment.substr(i)) : std::optional<char>{};
        out += byte.value_or(segment[i]);
        if (byte) i += 2;
    }
    return out;
}

/// What is wrong with the segment as a server may read it.
std::string_view meaning_fault(const std::string& name)
{
    if (name == "." || name == "..") return "it has \".\" or \"..\" segments";
    if (!is_valid_utf8(name)) return "what it encodes is not UTF-8";
    // Some servers trim: "..%20" is ".." to them, and "admin%20" is "admin".
    if (name.starts_with(' ') || name.ends_with(' '))
        return "it has a segment that begins or ends with a blank";
    return {};
}

std::string_view segment_fault(std::string_view segment)
{
    std::string_view spelling;  // only told of a segment with nothing worse
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] == '%') {
            const auto fault = encoding_fault(segment.substr(i));
            const bool is_spelling = fault == needless || fault == small_letters;
            if (!fault.empty() && !is_spelling) return fault;
            if (is_spelling && spelling.empty()) spelling = fault;
            i += 2;
        } else if (segment[i] == ';') {
            return parameters_fault;
        } else if (!is_segment_character(segment[i])) {
            return "it has a character that must be percent-encoded";
        }
    }
    const auto meaning = meaning_fault(decoded(segment));
    return meaning.empty() ? spelling : meaning;
}

std::string_view path_fault(std::string_view path)
{
    if (!path.starts_with('/')) return "it does not begin with \"/\"";
    if (path.find_first_of("?#") != std::string_view::npos) {
        return "it has a query or a fragment; give the query by itself";
    }
    const auto segments = split(path.substr(1), '/');
    std::string_view spelling;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool is_last = i + 1 == segments.size();
        if (segments[i].empty() && !is_last) return "it has an empty segment";
        const auto fault = segment_fault(segments[i]);
        const bool is_spelling = fault == needless || fault == small_letters;
        if (!fault.empty() && !is_spelling) return fault;
        if (is_spelling && spelling.empty()) spelling = fault;
    }
    return spelling;
}

/// A path with nothing but its encodings wrong, in the one spelling that we take.
std::string respelled(std::string_view path)
{
    constexpr std::string_view digits{"0123456789ABCDEF"};
    std::string out;
    for (const char c : decoded(path)) {
        if (c == '/' || is_segment_character(c)) {
            out += c;
            continue;
        }
        const auto code = static_cast<unsigned char>(c);
        out += {'%', digits[code / 16], digits[code % 16]};
    }
    return out;
}

}  // namespace

Status check_canonical_path(std::string_view path)
{
    const auto fault = path_fault(path);
    if (fault.empty()) return {};
    auto message = "the path " + quote(path) + " is refused: " + std::string{fault};
    if (fault == needless || fault == small_letters) message += "; write " + quote(respelled(path));
    return fail(Errc::invalid_argument, std::move(message));
}

bool is_path_under(std::string_view path, std::string_view prefix) noexcept
{
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!path.starts_with(prefix)) return false;
    return path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::vector<std::string> slash_spellings(const std::string& path)
{
    if (path == "/") return {};
    return {path.ends_with('/') ? path.substr(0, path.size() - 1) : path + '/'};
}

std::string with_query(std::string path, const Query& query)
{
    char separator = '?';
    for (const auto& [name, value] : query) {
        path += separator;
        path += net::percent_encoded(name);
        path += '=';
        path += net::percent_encoded(value);
        separator = '&';
    }
    return path;
}

}  // namespace tailops::targets
