#pragma once

#include <string_view>

namespace tailops::auth {

/// Whether two resource identifiers (RFC 8707) name the same resource: scheme and host compare
/// without case, a fragment and one trailing slash do not count, everything else is exact. Anything
/// that is no URL, such as a client id in `aud`, compares exactly.
bool same_resource(std::string_view a, std::string_view b);

}  // namespace tailops::auth
