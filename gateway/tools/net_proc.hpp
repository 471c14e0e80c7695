#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Readers of what Linux tells of its network, with or without the command `ip`. Pure; a line that
/// is not as expected is left out.
namespace tailops::tools::net {

struct Address {
    std::string family;   // "inet", "inet6"
    std::string address;  // 192.0.2.7, fe80::1
    int prefix{0};
    /// 255.255.255.0 for IPv4; empty for IPv6.
    std::string netmask() const;
};

struct Counters {
    std::uint64_t bytes_received{0}, packets_received{0}, errors_in{0}, drops_in{0};
    std::uint64_t bytes_sent{0}, packets_sent{0}, errors_out{0}, drops_out{0};
};

struct Interface {
    std::string name;
    bool is_up{false};
    std::int64_t speed_mbps{0};  // 0: not known
    std::int64_t mtu{0};
    std::string mac{};
    std::vector<Address> addresses{};
    std::optional<Counters> counters{};
};

using Lines = std::vector<std::string_view>;

/// "eth0 flags=0x1003 state=up mtu=1500 speed=1000 mac=02:…", one per interface.
std::map<std::string, Interface> parse_interfaces(const Lines& lines);

/// /proc/net/dev: traffic since boot, by interface.
std::map<std::string, Counters> parse_dev(const Lines& lines);

/// Addresses by interface.
using Addresses = std::map<std::string, std::vector<Address>>;

/// Of `ip -o addr show`.
Addresses parse_ip_addr(const Lines& lines);

/// Of /proc/net/fib_trie (the kernel's own IPv4 addresses) and /proc/net/route (which tells the
/// interface and the mask that an address belongs to).
Addresses parse_fib_trie(const Lines& fib_trie, const Lines& route);

/// Of /proc/net/if_inet6.
Addresses parse_if_inet6(const Lines& lines);

}  // namespace tailops::tools::net
