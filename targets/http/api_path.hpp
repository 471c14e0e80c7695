#pragma once

#include "gateway/core/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::targets {

/// Whether `path` means the same to us and to every server: absolute, no empty, "." or ".."
/// segments (nor "..;x"), no query or fragment, and percent-encoding only where it is needed and
/// never for a slash, a backslash, a percent sign or a control character. One trailing slash is
/// fine. Errors: invalid_argument, saying what is wrong.
Status check_canonical_path(std::string_view path);

/// Whether canonical `path` is `prefix` or lies below it, at a segment boundary: "/a" covers "/a",
/// "/a/" and "/a/b", not "/ab". "/" covers everything.
bool is_path_under(std::string_view path, std::string_view prefix) noexcept;

using Query = std::vector<std::pair<std::string, std::string>>;

/// `path`, and the query behind it, each name and value percent-encoded.
std::string with_query(std::string path, const Query& query);

}  // namespace tailops::targets
