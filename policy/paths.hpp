#pragma once

#include <string_view>

namespace tailops::policy {

/// Whether `path` is absolute and has no empty, "." or ".." segment, no trailing slash (but "/"
/// itself) and no NUL: two canonical paths name the same place only when they are the same text.
bool is_canonical_path(std::string_view path) noexcept;

/// Whether `path` is `directory` or inside it, compared segment by segment: "/srv" holds "/srv/a"
/// and not "/srv-old". Both must be canonical.
bool is_path_under(std::string_view path, std::string_view directory) noexcept;

}  // namespace tailops::policy
