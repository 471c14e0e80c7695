#pragma once

#include "gateway/core/yaml.hpp"

#include <optional>
#include <string_view>

namespace tailops::yaml {

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What keeps a file from being read as text, and the remedy.
struct TextFault {
    Place place;
    std::string text;
};

/// The first byte of `text` that is no UTF-8, or a control character other than a tab or a line
/// end. The parser would not refuse them: it makes other words of the first, and takes one of the
/// second (U+0004) for the end of the file, so that denials would silently name nobody, or be gone.
std::optional<TextFault> find_text_fault(std::string_view text);

}  // namespace tailops::yaml
