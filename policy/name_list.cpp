#include "policy/name_list.hpp"

#include "gateway/core/text.hpp"

namespace tailops::policy {

std::string name_list(const std::set<std::string>& names, std::size_t shown_max)
{
    std::string out;
    std::size_t shown = 0;
    for (const auto& name : names) {
        if (shown++ == shown_max) return out + ", ...";
        out += (out.empty() ? "" : ", ") + quote(name);
    }
    return out;
}

}  // namespace tailops::policy
