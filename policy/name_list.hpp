#pragma once

#include <set>
#include <string>

namespace tailops::policy {

/// `"GET", "HEAD", ...`: the names in quotes, at most `shown_max` of them.
std::string name_list(const std::set<std::string>& names, std::size_t shown_max);

}  // namespace tailops::policy
