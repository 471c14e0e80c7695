#pragma once

#include <string>
#include <string_view>

namespace tailops::policy {

/// A URL's path with the letters of other scripts than ASCII as such: `/%C3%BC` is "/ü". What is no
/// UTF-8 once decoded, and every encoding of an ASCII character, stays as it is.
std::string with_letters_decoded(std::string_view path);

/// The text in small letters, of whatever script: Unicode's simple case folding (CaseFolding.txt of
/// Unicode 14, status C and S). Texts that differ in the case of letters alone come out the same,
/// but where one letter stands for several ("ß" and "SS") or goes by the language (a dotless i).
std::string in_small_letters(std::string_view text);

}  // namespace tailops::policy
