#include "auth/audience.hpp"

#include "gateway/core/text.hpp"

#include <string>

namespace tailops::auth {
namespace {

std::string comparable(std::string_view resource)
{
    const auto scheme_end = resource.find("://");
    if (scheme_end == std::string_view::npos) return std::string{resource};
    resource = resource.substr(0, resource.find('#'));
    const auto path = resource.find_first_of("/?", scheme_end + 3);
    auto text = lower_ascii(resource.substr(0, path));
    if (path != std::string_view::npos) text += resource.substr(path);
    if (text.ends_with('/')) text.pop_back();
    return text;
}

}  // namespace

bool same_resource(std::string_view a, std::string_view b)
{
    return comparable(a) == comparable(b);
}

}  // namespace tailops::auth
