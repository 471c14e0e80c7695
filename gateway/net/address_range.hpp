#pragma once

#include "gateway/core/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::net {

/// An IPv4 or IPv6 address. An IPv4 one that is written as IPv6 (::ffff:192.0.2.1) is that IPv4
/// address: the two are equal.
class IpAddress {
public:
    /// Nothing but an address: no port, no zone, no brackets, no name.
    static std::optional<IpAddress> parse(std::string_view text);

    /// The one way in which we write it (RFC 5952).
    std::string text() const;
    bool is_v4() const noexcept;
    friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
    friend class AddressRange;
    std::array<std::uint8_t, 16> bytes_{};  // IPv4 below ::ffff:0:0/96
};

/// All addresses that begin with the same bits: "100.64.0.0/10", "fd7a:115c:a1e0::/48", or one
/// address alone.
class AddressRange {
public:
    /// Errors: invalid_argument (no address, a length that is none, bits set behind it).
    static Result<AddressRange> parse(std::string_view text);

    bool contains(const IpAddress& address) const noexcept;
    /// False for what is no address, a name for example.
    bool contains(std::string_view address) const;

private:
    IpAddress first_;
    unsigned bits_{128};
};

}  // namespace tailops::net
