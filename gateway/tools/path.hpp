#pragma once

#include "gateway/core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// `text` as an absolute path in canonical form: no "..", ".", "//" or "/" at its end. A path with
/// ".." is refused, not resolved: what it means depends on links that only the target knows.
/// Errors: invalid_argument (relative, "..", control characters, more than 4096 bytes).
Result<std::string> canonical_path(std::string_view text);

/// Whether canonical `path` is `directory` or inside it, at segment boundaries: /var/logs is not
/// under /var/log.
bool is_under(std::string_view path, std::string_view directory) noexcept;
bool is_under_any(std::string_view path, const std::vector<std::string>& directories) noexcept;

/// Whether `text` holds a control character (C0 or DEL).
bool has_control_characters(std::string_view text) noexcept;

}  // namespace tailops::tools
