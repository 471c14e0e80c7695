#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Names, strings and numbers of TOON, written.
namespace tailops::toon {

/// `text`, quoted when it would not be read as this string between `delimiter`s (section 7.2).
void append_string(std::string& out, std::string_view text, char delimiter);
/// `text` in quotes, whatever it is.
void append_quoted(std::string& out, std::string_view text);
/// A name of an object or a table, quoted unless it is plain (section 7.3).
void append_key(std::string& out, std::string_view key);
void append_number(std::string& out, std::int64_t value);
void append_number(std::string& out, std::uint64_t value);
/// The shortest decimal that reads back as `value` (section 2); null when it is not finite.
void append_number(std::string& out, double value);

/// Whether `segment` may be a part of a folded name: a letter or _, then letters, digits and _.
bool is_identifier(std::string_view segment) noexcept;

/// Whether `text`, which has no sign, is digits with an optional fraction and exponent. Zeros may
/// lead.
bool is_unsigned_number(std::string_view text) noexcept;

}  // namespace tailops::toon
