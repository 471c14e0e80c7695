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

/// What may stand in a segment as it is (RFC 3986 section 3.3).
bool is_segment_character(char c) noexcept
{
    constexpr std::string_view others{"!$&'()*+,;=:@"};
    return is_unreserved(c) || others.find(c) != std::string_view::npos;
}

std::optional<int> hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return std::nullopt;
}

/// What is wrong with the encoding that begins at `text`, which begins with "%"; or nothing.
std::string_view encoding_fault(std::string_view text) noexcept
{
    if (text.size() < 3) return "a percent-encoding in it is incomplete";
    const auto high = hex_digit(text[1]);
    const auto low = hex_digit(text[2]);
    if (!high || !low) return "a percent-encoding in it is incomplete";
    const int byte = *high * 16 + *low;
    if (byte < 0x20 || byte == 0x7f) return "it has an encoded control character";
    const auto c = static_cast<char>(byte);
    // A server that decodes before it splits, or decodes twice, would see another path than we do.
    if (c == '/' || c == '\\' || c == '%')
        return "it has an encoded slash, backslash or percent sign";
    if (is_unreserved(c)) return "it encodes a character that needs no encoding";
    return {};
}

std::string_view segment_fault(std::string_view segment) noexcept
{
    // Some servers cut parameters off before they look at dots: "..;x" is ".." to them.
    const auto name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return "it has \".\" or \"..\" segments";
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] == '%') {
            if (const auto fault = encoding_fault(segment.substr(i)); !fault.empty()) return fault;
            i += 2;
        } else if (!is_segment_character(segment[i])) {
            return "it has a character that must be percent-encoded";
        }
    }
    return {};
}

std::string_view path_fault(std::string_view path) noexcept
{
    if (!path.starts_with('/')) return "it does not begin with \"/\"";
    if (path.find_first_of("?#") != std::string_view::npos) {
        return "it has a query or a fragment; give the query by itself";
    }
    const auto segments = split(path.substr(1), '/');
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool is_last = i + 1 == segments.size();
        if (segments[i].empty() && !is_last) return "it has an empty segment";
        if (const auto fault = segment_fault(segments[i]); !fault.empty()) return fault;
    }
    return {};
}

}  // namespace

Status check_canonical_path(std::string_view path)
{
    const auto fault = path_fault(path);
    if (fault.empty()) return {};
    return fail(Errc::invalid_argument,
                "the path " + quote(path) + " is refused: " + std::string{fault});
}

bool is_path_under(std::string_view path, std::string_view prefix) noexcept
{
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!path.starts_with(prefix)) return false;
    return path.size() == prefix.size() || path[prefix.size()] == '/';
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
