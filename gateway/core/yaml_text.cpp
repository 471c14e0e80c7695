#include "gateway/core/yaml_text.hpp"

#include "gateway/core/utf8.hpp"

#include <algorithm>
#include <array>

namespace tailops::yaml {
namespace {

std::string hex(unsigned char byte)
{
    constexpr std::string_view digits{"0123456789ABCDEF"};
    return {digits[byte / 16], digits[byte % 16]};
}

/// Whether it begins as a file of two or four bytes per character does: with a mark, or with a
/// letter that has a zero beside it.
bool is_wide(std::string_view text)
{
    constexpr std::array<std::string_view, 2> marks = {"\xFF\xFE", "\xFE\xFF"};
    return std::ranges::any_of(marks, [&](auto mark) { return text.starts_with(mark); }) ||
           text.substr(0, 2).find('\0') != std::string_view::npos;
}

/// Columns count bytes, as the parser counts them.
Place place_at(std::string_view text, std::size_t at)
{
    const auto before = text.substr(0, at);
    const auto line_end = before.rfind('\n');
    const auto begin = line_end == std::string_view::npos ? 0 : line_end + 1;
    return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
            .column = static_cast<int>(at - begin) + 1};
}

std::string control_character(char c)
{
    if (c == '\0') return "a NUL byte cannot stand in a configuration file; take it out";
    const auto code = hex(static_cast<unsigned char>(c));
    return "the control character U+00" + code + " cannot stand here; take it out, or write \"\\x" +
           code + "\" in double quotes";
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text)
{
    if (is_wide(text)) {
        return TextFault{.place = {},
                         .text = "the file is UTF-16 or UTF-32, not UTF-8; save it as UTF-8"};
    }
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_sequence(text.substr(at));
        if (length == 0) {
            return TextFault{.place = place_at(text, at),
                             .text = "the byte 0x" + hex(static_cast<unsigned char>(text[at])) +
                                     " is not UTF-8, so the file has another encoding, such as "
                                     "Latin-1; save it as UTF-8"};
        }
        const char c = text[at];
        const bool is_control = c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r';
        if (is_control) {
            return TextFault{.place = place_at(text, at), .text = control_character(c)};
        }
        at += length;
    }
    return std::nullopt;
}

}  // namespace tailops::yaml
