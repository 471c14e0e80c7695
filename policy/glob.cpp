#include "policy/glob.hpp"

namespace tailops::policy {
namespace {

struct Parts {
    bool open_front{false};
    bool open_back{false};
    std::string_view middle;
};

Parts parts_of(std::string_view pattern) noexcept
{
    Parts parts{.open_front = pattern.starts_with('*'), .open_back = false, .middle = pattern};
    if (parts.open_front) parts.middle.remove_prefix(1);
    parts.open_back = parts.middle.ends_with('*');
    if (parts.open_back) parts.middle.remove_suffix(1);
    // A lone star is open on both sides.
    if (pattern == "*") parts.open_back = true;
    return parts;
}

}  // namespace

bool is_glob(std::string_view pattern) noexcept
{
    return pattern.starts_with('*') || pattern.ends_with('*');
}

bool is_valid_glob(std::string_view pattern) noexcept
{
    return parts_of(pattern).middle.find('*') == std::string_view::npos;
}

bool glob_matches(std::string_view pattern, std::string_view text) noexcept
{
    const auto [open_front, open_back, middle] = parts_of(pattern);
    if (open_front && open_back) return text.find(middle) != std::string_view::npos;
    if (open_front) return text.ends_with(middle);
    if (open_back) return text.starts_with(middle);
    return text == middle;
}

bool glob_covers(std::string_view wide, std::string_view narrow) noexcept
{
    const auto outer = parts_of(wide);
    const auto inner = parts_of(narrow);
    if (inner.open_front && !outer.open_front) return false;
    if (inner.open_back && !outer.open_back) return false;
    // What is open in `narrow` is open in `wide`, so only its fixed text has to fit.
    return glob_matches(wide, inner.middle);
}

}  // namespace tailops::policy
