#pragma once

#include <string_view>

namespace tailops::policy {

/// Target ids in a policy may begin and end with a `*`, which stands for any text: "web-*",
/// "*-lab",
/// "*". No other place is special, so matching needs no search tree and covering is decidable.
bool is_glob(std::string_view pattern) noexcept;

/// Whether every `*` of `pattern` stands first or last.
bool is_valid_glob(std::string_view pattern) noexcept;

bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

/// Whether everything that `narrow` matches, `wide` matches too.
bool glob_covers(std::string_view wide, std::string_view narrow) noexcept;

}  // namespace tailops::policy
