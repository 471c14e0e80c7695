#include "gateway/doors/mcp/wire/json_text.hpp"

#include "gateway/core/eight_bytes.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tailops::mcp {
namespace {

/// Whether a byte stands in a JSON string as it is, and alone is a character.
constexpr auto plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

bool is_ascii(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x80;
}

bool is_plain(char c) noexcept
{
    return plain_bytes[static_cast<unsigned char>(c)];
}

constexpr std::size_t escape_bytes_max = 6;

/// The quotation mark, backslash or control `c` as it stands in a JSON string; how many bytes.
std::size_t write_escape(char* to, char c) noexcept
{
    constexpr std::string_view digits = "0123456789abcdef";
    const auto put = [to](char letter) {
        to[0] = '\\';
        to[1] = letter;
        return std::size_t{2};
    };
    switch (c) {
    case '"': return put('"');
    case '\\': return put('\\');
    case '\n': return put('n');
    case '\r': return put('r');
    case '\t': return put('t');
    case '\b': return put('b');
    case '\f': return put('f');
    default: break;
    }
    const auto byte = static_cast<unsigned char>(c);
    std::memcpy(to, "\\u00", 4);
    to[4] = digits[byte >> 4];
    to[5] = digits[byte & 15];
    return 6;
}

/// Writes the ASCII at the front of `text` as it stands in a JSON string. Moves both on behind it.
void write_ascii(char*& to, std::string_view& text) noexcept
{
    const auto* from = text.data();
    const auto* const end = from + text.size();
    const auto escape = [&] { to += write_escape(to, *from++); };
    while (end - from >= std::ptrdiff_t{EightBytes::size}) {
        // Copied whole before it is judged: what stands behind a special byte is overwritten.
        const EightBytes word{from};
        std::memcpy(to, from, EightBytes::size);
        const auto special =
            word.not_ascii() | word.controls() | word.equal_to('"') | word.equal_to('\\');
        const auto plain = special ? EightBytes::first(special) : EightBytes::size;
        to += plain;
        from += plain;
        if (!special) continue;
        if (!is_ascii(*from)) break;
        escape();
    }
    while (from != end && is_ascii(*from)) {
        if (is_plain(*from))
            *to++ = *from++;
        else
            escape();
    }
    text.remove_prefix(static_cast<std::size_t>(from - text.data()));
}

/// Appends the bytes beyond ASCII at the front of `text`, repaired where they are no UTF-8, and
/// moves it on behind them.
void append_foreign(std::string& out, std::string_view& text)
{
    // A UTF-8 sequence holds no ASCII, so a run of other bytes can be judged by itself.
    std::size_t run = 0;
    while (run < text.size() && !is_ascii(text[run])) ++run;
    const auto foreign = text.substr(0, run);
    if (is_valid_utf8(foreign))
        out += foreign;
    else
        out += repair_utf8(foreign);
    text.remove_prefix(run);
}

template <class T>
void append_number(std::string& out, T value)
{
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    const std::string_view text{buffer, static_cast<std::size_t>(end - buffer)};
    out += text;
    if constexpr (std::is_floating_point_v<T>) {
        if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
    }
}

void append_object(std::string& out, const nlohmann::json& object)
{
    out += '{';
    bool first = true;
    for (auto at = object.begin(); at != object.end(); ++at) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, at.key());
        out += ':';
        append_json(out, at.value());
    }
    out += '}';
}

void append_array(std::string& out, const nlohmann::json& array)
{
    out += '[';
    bool first = true;
    for (const auto& element : array) {
        if (!first) out += ',';
        first = false;
        append_json(out, element);
    }
    out += ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    constexpr std::size_t piece_max = 128;
    // Every byte of a piece may become an escape; a word may be written behind the last.
    std::array<char, piece_max * escape_bytes_max + EightBytes::size> written;
    out += '"';
    while (!text.empty()) {
        auto piece = text.substr(0, piece_max);
        auto* to = written.data();
        write_ascii(to, piece);
        out.append(written.data(), to);
        text.remove_prefix(std::min(text.size(), piece_max) - piece.size());
        if (!piece.empty()) append_foreign(out, text);
    }
    out += '"';
}

void append_json(std::string& out, const nlohmann::json& value)
{
    using Kind = nlohmann::json::value_t;
    using nlohmann::json;
    switch (value.type()) {
    case Kind::object: append_object(out, value); return;
    case Kind::array: append_array(out, value); return;
    case Kind::string: append_json_string(out, value.get_ref<const std::string&>()); return;
    case Kind::boolean: out += value.get_ref<const bool&>() ? "true" : "false"; return;
    case Kind::number_integer:
        append_number(out, value.get_ref<const json::number_integer_t&>());
        return;
    case Kind::number_unsigned:
        append_number(out, value.get_ref<const json::number_unsigned_t&>());
        return;
    case Kind::number_float: {
        const auto number = value.get_ref<const json::number_float_t&>();
        if (std::isfinite(number))
            append_number(out, number);
        else
            out += "null";
        return;
    }
    case Kind::null:
    case Kind::binary:
    case Kind::discarded: out += "null"; return;
    }
}

std::string json_string(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + 2);
    append_json_string(out, text);
    return out;
}

}  // namespace tailops::mcp
