#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tailops {

/// U+FFFD in UTF-8: what stands for bytes that are no text.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// The length of the valid UTF-8 sequence at the front of `text`, or 0 (Unicode 15, table 3-7).
/// REQUIRES: text is not empty.
std::size_t utf8_sequence(std::string_view text) noexcept;

/// How many bytes one U+FFFD stands for: the longest prefix that could have begun a sequence
/// (Unicode 15, section 3.9). REQUIRES: text does not begin with a valid sequence.
std::size_t maximal_subpart(std::string_view text) noexcept;

/// The character that `sequence` encodes. REQUIRES: one valid sequence.
std::uint32_t utf8_decode(std::string_view sequence) noexcept;

}  // namespace tailops
