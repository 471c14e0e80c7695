#pragma once

#include "gateway/http/exchange.hpp"
#include "gateway/net/trusted_proxies.hpp"

#include <string>
#include <string_view>

namespace tailops::http {

/// Whom a request is counted for: its peer, or, where the peer is one of `proxies`, the client that
/// this proxy names in X-Forwarded-For.
///
/// Read from the right: each trusted proxy wrote the element that we believe, whatever stands
/// further left is the client's own word. A header that is missing, repeated, or not an address at
/// the place we read leaves the peer. Pure.
std::string client_address(std::string_view peer,
                           const Headers& headers,
                           const net::TrustedProxies& proxies);

}  // namespace tailops::http
