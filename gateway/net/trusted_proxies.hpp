#pragma once

#include "gateway/net/address_range.hpp"

#include <string_view>
#include <vector>

namespace tailops::net {

/// What the address of a peer reads that came over a Unix socket.
inline constexpr std::string_view unix_peer = "unix";

/// The reverse proxies whose X-Forwarded-For is believed.
struct TrustedProxies {
    std::vector<AddressRange> ranges;
    bool unix_sockets{false};  // whoever may open a Unix socket of ours

    bool empty() const noexcept { return ranges.empty() && !unix_sockets; }
    /// `peer`: the text of an address, or `unix_peer`.
    bool contains(std::string_view peer) const;
};

}  // namespace tailops::net
