#include "gateway/core/toon_literal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tailops::toon {
namespace {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20;
}

/// The end of the run of digits at `at`.
constexpr std::size_t skip_digits(std::string_view text, std::size_t at)
{
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

// True for what may not stand in a plain string wherever it is (section 7.2).
constexpr auto structural = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0; c < 0x20; ++c) table[c] = true;
    for (const char c : {':', '"', '\\', '[', ']', '{', '}'}) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}();

bool needs_quotes(std::string_view text, char delimiter)
{
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
    if (text.front() == '-' || text.front() == '#') return true;
    if (text == "true" || text == "false" || text == "null") return true;
    if (is_digit(text.front()) && is_unsigned_number(text)) return true;
    if (text.front() == '+' && is_unsigned_number(text.substr(1))) return true;
    return std::ranges::any_of(text, [delimiter](char c) {
        return structural[static_cast<unsigned char>(c)] || c == delimiter;
    });
}

void append_escaped(std::string& out, char c)
{
    switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    default: break;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 0xF];
}

/// Lays out `digits` (no point, the value is 0.digits times ten to `scale`) as section 2 has it.
void append_digits(std::string& out, std::string_view digits, int scale)
{
    constexpr int scale_max = 21, scale_min = -5;  // up to 1e21, down to 1e-6
    const auto count = static_cast<int>(digits.size());
    if (scale > scale_max || scale < scale_min) {
        out += digits.front();
        if (count > 1) (out += '.') += digits.substr(1);
        out += scale > 0 ? "e+" : "e-";
        out += std::to_string(std::abs(scale - 1));
    } else if (scale <= 0) {
        (out += "0.").append(static_cast<std::size_t>(-scale), '0') += digits;
    } else if (scale >= count) {
        (out += digits).append(static_cast<std::size_t>(scale - count), '0');
    } else {
        const auto whole = static_cast<std::size_t>(scale);
        ((out += digits.substr(0, whole)) += '.') += digits.substr(whole);
    }
}

template <class Integer>
void append_integer(std::string& out, Integer value)
{
    std::array<char, 24> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    out.append(buffer.data(), end);
}

}  // namespace

bool is_unsigned_number(std::string_view text) noexcept
{
    auto at = skip_digits(text, 0);
    if (at == 0) return false;
    if (at < text.size() && text[at] == '.') {
        const auto end = skip_digits(text, at + 1);
        if (end == at + 1) return false;
        at = end;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const auto end = skip_digits(text, at);
        if (end == at) return false;
        at = end;
    }
    return at == text.size();
}

void append_quoted(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t plain_from = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_control(text[at]) && text[at] != '"' && text[at] != '\\') continue;
        out += text.substr(plain_from, at - plain_from);
        append_escaped(out, text[at]);
        plain_from = at + 1;
    }
    out += text.substr(plain_from);
    out += '"';
}

void append_string(std::string& out, std::string_view text, char delimiter)
{
    if (needs_quotes(text, delimiter)) {
        append_quoted(out, text);
    } else {
        out += text;
    }
}

void append_key(std::string& out, std::string_view key)
{
    const auto is_plain = [](char c) { return is_letter(c) || is_digit(c) || c == '.'; };
    if (!key.empty() && is_letter(key.front()) && std::ranges::all_of(key, is_plain)) {
        out += key;
    } else {
        append_quoted(out, key);
    }
}

void append_number(std::string& out, std::int64_t value)
{
    append_integer(out, value);
}

void append_number(std::string& out, std::uint64_t value)
{
    append_integer(out, value);
}

void append_number(std::string& out, double value)
{
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    if (value == 0) {
        out += '0';
        return;
    }
    if (value < 0) out += '-';
    // Shortest as d.ddde+xx: at most 17 digits, so 32 bytes are enough.
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text{buffer.data(), end};
    const auto exponent_at = text.find('e');
    auto sign_at = exponent_at + 1;
    int exponent{};
    if (text[sign_at] == '+') ++sign_at;
    std::from_chars(text.data() + sign_at, text.data() + text.size(), exponent);
    std::string digits{text.substr(0, 1)};
    if (exponent_at > 2) digits += text.substr(2, exponent_at - 2);
    append_digits(out, digits, exponent + 1);
}

bool is_identifier(std::string_view segment) noexcept
{
    return !segment.empty() && is_letter(segment.front()) &&
           std::ranges::all_of(segment, [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace tailops::toon
