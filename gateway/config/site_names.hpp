#pragma once

#include <string>
#include <string_view>

namespace tailops::config {

/// Why no request could have `host` as the host of its Host header, and what to write instead;
/// empty when one could: a name or an address, an IPv6 one in brackets, without port. Pure.
std::string allowed_host_fault(std::string_view host);

/// The same of `origin` and the Origin header (RFC 6454 section 6.2): scheme://host[:port]. "null"
/// is none: every page without an origin sends it, also an attacker's. Pure.
std::string allowed_origin_fault(std::string_view origin);

}  // namespace tailops::config
