#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a line of TOON is made of, read. Errors are invalid_argument and do not name the line; only
/// the reader of lines knows it.
namespace tailops::toon {

/// The first `wanted` at or after `from` that is outside double quotes, or npos.
std::size_t find_unquoted(std::string_view text, char wanted, std::size_t from = 0) noexcept;
/// The first of two such characters.
std::size_t find_unquoted_of(std::string_view text, std::string_view wanted) noexcept;
/// Where the string that begins with the quote at `opening` ends, or npos.
std::size_t find_closing_quote(std::string_view text, std::size_t opening) noexcept;
std::string_view trim_spaces(std::string_view text) noexcept;

/// A name as it stood in the text. Quoted names are never split into a path.
struct Key {
    std::string name;
    enum class Spelling : std::uint8_t { plain, quoted } spelling{Spelling::plain};
};

/// A whole token as a name. Errors: quotes and escapes that are not closed or unknown.
Result<Key> parse_key(std::string_view token);
/// A whole token as a value: a quoted string, true, false, null, a number, else a plain string.
Result<nlohmann::json> parse_primitive(std::string_view token);
/// Puts the tokens of `text` between unquoted `delimiter`s into `cells`, trimmed; none when `text`
/// is empty. The cells are parts of `text`.
void split_cells(std::string_view text, char delimiter, std::vector<std::string_view>& cells);

}  // namespace tailops::toon
