#include "tests/support/toon_parser/toon_token.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/toon_literal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tailops::toon {
namespace {

using nlohmann::json;

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// The code point of the four hexadecimal digits at the start of `text`, none of a surrogate.
std::optional<std::uint32_t> parse_unicode_escape(std::string_view text)
{
    if (text.size() < 4) return std::nullopt;
    std::uint32_t code{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
    if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
    if (code >= 0xD800 && code <= 0xDFFF) return std::nullopt;
    return code;
}

/// `code` below U+10000 as UTF-8.
void append_utf8(std::string& out, std::uint32_t code)
{
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

/// The text of a string whose quotes were taken off (section 7.1).
Result<std::string> unescape(std::string_view inside)
{
    std::string text;
    text.reserve(inside.size());
    for (std::size_t at = 0; at < inside.size();) {
        const auto escape = std::min(inside.find('\\', at), inside.size());
        text += inside.substr(at, escape - at);
        if (escape == inside.size()) break;
        const char kind = escape + 1 < inside.size() ? inside[escape + 1] : '\0';
        at = escape + 2;
        switch (kind) {
        case 'n': text += '\n'; continue;
        case 'r': text += '\r'; continue;
        case 't': text += '\t'; continue;
        case '"': text += '"'; continue;
        case '\\': text += '\\'; continue;
        case 'u':
            if (const auto code = parse_unicode_escape(inside.substr(at))) {
                append_utf8(text, *code);
                at += 4;
                continue;
            }
            break;
        default: break;
        }
        return fail(Errc::invalid_argument,
                    "unknown escape in " + quote(inside.substr(escape, 6)) +
                        R"(; use \\, \", \n, \r, \t or \u and four digits that are no surrogate)");
    }
    return text;
}

Result<std::string> parse_quoted(std::string_view token)
{
    const auto closing = find_closing_quote(token, 0);
    if (closing == std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    "the string " + quote(token) + " has no closing quote; write it");
    }
    if (closing + 1 != token.size()) {
        return fail(Errc::invalid_argument,
                    quote(token.substr(closing + 1)) +
                        " follows a closing quote; quote the whole or nothing");
    }
    return unescape(token.substr(1, closing - 1));
}

/// The number `token` stands for, or none when it is a string (section 4).
std::optional<json> parse_number(std::string_view token)
{
    const auto digits = token.starts_with('-') ? token.substr(1) : token;
    if (digits.empty() || !is_digit(digits.front())) return std::nullopt;
    if (digits.size() > 1 && digits.front() == '0' && is_digit(digits[1])) return std::nullopt;
    if (!is_unsigned_number(digits)) return std::nullopt;
    const auto* const end = token.data() + token.size();
    std::int64_t whole{};
    if (const auto read = std::from_chars(token.data(), end, whole);
        read.ec == std::errc{} && read.ptr == end) {
        return json(whole);
    }
    std::uint64_t large{};
    if (const auto read = std::from_chars(token.data(), end, large);
        read.ec == std::errc{} && read.ptr == end) {
        return json(large);
    }
    double real{};
    if (std::from_chars(token.data(), end, real).ec != std::errc{}) return std::nullopt;
    return real == 0 ? json(0) : json(real);
}

/// Calls `visit(at)` for each place outside quotes until it says to stop.
template <class Visit>
void for_each_unquoted(std::string_view text, std::size_t from, Visit visit)
{
    bool inside = false;
    for (std::size_t at = from; at < text.size(); ++at) {
        if (inside && text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            inside = !inside;
        } else if (!inside && visit(at)) {
            return;
        }
    }
}

}  // namespace

std::size_t find_unquoted(std::string_view text, char wanted, std::size_t from) noexcept
{
    auto found = std::string_view::npos;
    for_each_unquoted(text, from, [&](std::size_t at) {
        if (text[at] == wanted) found = at;
        return found != std::string_view::npos;
    });
    return found;
}

std::size_t find_unquoted_of(std::string_view text, std::string_view wanted) noexcept
{
    auto found = std::string_view::npos;
    for_each_unquoted(text, 0, [&](std::size_t at) {
        if (wanted.contains(text[at])) found = at;
        return found != std::string_view::npos;
    });
    return found;
}

std::size_t find_closing_quote(std::string_view text, std::size_t opening) noexcept
{
    for (auto at = opening + 1; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at;
        }
    }
    return std::string_view::npos;
}

std::string_view trim_spaces(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Result<Key> parse_key(std::string_view token)
{
    if (!token.starts_with('"')) return Key{std::string{token}, Key::Spelling::plain};
    auto name = parse_quoted(token);
    if (!name) return fail(std::move(name).error());
    return Key{*std::move(name), Key::Spelling::quoted};
}

Result<json> parse_primitive(std::string_view token)
{
    if (token.starts_with('"')) {
        auto text = parse_quoted(token);
        if (!text) return fail(std::move(text).error());
        return json(*std::move(text));
    }
    if (token == "true") return json(true);
    if (token == "false") return json(false);
    if (token == "null") return json(nullptr);
    if (auto number = parse_number(token)) return *std::move(number);
    return json(token);
}

void split_cells(std::string_view text, char delimiter, std::vector<std::string_view>& cells)
{
    cells.clear();
    if (text.empty()) return;
    std::size_t from = 0;
    for_each_unquoted(text, 0, [&](std::size_t at) {
        if (text[at] == delimiter) {
            cells.push_back(trim_spaces(text.substr(from, at - from)));
            from = at + 1;
        }
        return false;
    });
    cells.push_back(trim_spaces(text.substr(from)));
}

}  // namespace tailops::toon
