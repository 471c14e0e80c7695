#pragma once

#include "gateway/core/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::targets {

/// Whether `path` means the same to us and to every server: absolute, no empty, "." or ".."
/// segments, no ";" (some servers cut it off with what follows), no blank at either end of a
/// segment (some trim), no query or fragment, and percent-encoding only where it is needed, in
/// capital letters, and never for a slash, a backslash, a percent sign, a control character or what
/// is not UTF-8. One trailing slash is fine. Every path has one spelling. Errors: invalid_argument,
/// saying what is wrong and, where there is one, the right spelling.
Status check_canonical_path(std::string_view path);

/// The path with and without a slash at its end, as far as the one or the other differs from it:
/// many servers take them for the same.
std::vector<std::string> slash_spellings(const std::string& path);

/// Whether canonical `path` is `prefix` or lies below it, at a segment boundary: "/a" covers "/a",
/// "/a/" and "/a/b", not "/ab". "/" covers everything.
bool is_path_under(std::string_view path, std::string_view prefix) noexcept;

using Query = std::vector<std::pair<std::string, std::string>>;

/// `path`, and the query behind it, each name and value percent-encoded.
std::string with_query(std::string path, const Query& query);

}  // namespace tailops::targets
