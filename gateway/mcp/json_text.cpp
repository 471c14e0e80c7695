#include "gateway/mcp/json_text.hpp"

#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tailops::mcp {
namespace {

/// Whether a byte stands in a JSON string as it is, and alone is a character.
constexpr auto plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

bool is_plain(char c) noexcept
{
    return plain_bytes[static_cast<unsigned char>(c)];
}

/// How many bytes at the front need neither escape nor check; eight at a time while it can.
std::size_t plain_prefix(std::string_view text) noexcept
{
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t highs = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t w) { return (w - ones) & ~w & highs; };
    std::size_t at = 0;
    while (text.size() - at >= 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, 8);
        const auto control = (word - ones * 0x20) & ~word & highs;
        const auto special =
            (word & highs) | control | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\');
        // A borrow may mark bytes behind the first that is special, never one before it.
        if (special) return at + static_cast<std::size_t>(std::countr_zero(special)) / 8;
        at += 8;
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

void append_escape(std::string& out, char c)
{
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: break;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
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
    out += '"';
    while (!text.empty()) {
        const auto plain = plain_prefix(text);
        out.append(text.data(), plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            append_escape(out, text.front());
            text.remove_prefix(1);
            continue;
        }
        // A UTF-8 sequence holds no ASCII, so a run of other bytes can be judged by itself.
        std::size_t run = 1;
        while (run < text.size() && static_cast<unsigned char>(text[run]) >= 0x80) ++run;
        const auto foreign = text.substr(0, run);
        if (is_valid_utf8(foreign))
            out += foreign;
        else
            out += repair_utf8(foreign);
        text.remove_prefix(run);
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
