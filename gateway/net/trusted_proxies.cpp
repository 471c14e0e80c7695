#include "gateway/net/trusted_proxies.hpp"

#include <algorithm>

namespace tailops::net {

bool TrustedProxies::contains(std::string_view peer) const
{
    if (peer == unix_peer) return unix_sockets;
    return std::ranges::any_of(ranges,
                               [peer](const AddressRange& range) { return range.contains(peer); });
}

}  // namespace tailops::net
