#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/net_proc.hpp"

#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

constexpr std::string_view script = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section interfaces
for directory in /sys/class/net/*; do
    [ -d "$directory" ] || continue
    flags= state= mtu= speed= address=
    read -r flags <"$directory/flags"
    read -r state <"$directory/operstate"
    read -r mtu <"$directory/mtu"
    read -r speed <"$directory/speed"
    read -r address <"$directory/address"
    printf '%s flags=%s state=%s mtu=%s speed=%s mac=%s\n' "${directory##*/}" \
        "$flags" "$state" "$mtu" "$speed" "$address"
done 2>/dev/null
section addresses
if command -v ip >/dev/null 2>&1; then
    ip -o addr show 2>/dev/null | sed 's/ scope .*//'
else
    section route; cat /proc/net/route 2>/dev/null
    section fib_trie; cat /proc/net/fib_trie 2>/dev/null
    section if_inet6; cat /proc/net/if_inet6 2>/dev/null
fi
section dev; cat /proc/net/dev
section end
)sh";

constexpr std::array<std::string_view, 2> families = {"inet", "inet6"};

struct Address {
    std::string family{}, address{};
    std::int64_t prefix{};
    std::optional<std::string> netmask{};

    static void fields(Fields& f, Address& s)
    {
        f("family", s.family, {}, {.one_of = families});
        f("address", s.address);
        f("prefix", s.prefix);
        f("netmask", s.netmask, "IPv4 only");
    }
};

struct Counters {
    std::uint64_t bytes_sent{}, bytes_recv{}, packets_sent{}, packets_recv{};
    std::uint64_t errors_in{}, errors_out{}, drops_in{}, drops_out{};

    static void fields(Fields& f, Counters& s)
    {
        f("bytes_sent", s.bytes_sent);
        f("bytes_recv", s.bytes_recv);
        f("packets_sent", s.packets_sent);
        f("packets_recv", s.packets_recv);
        f("errors_in", s.errors_in);
        f("errors_out", s.errors_out);
        f("drops_in", s.drops_in);
        f("drops_out", s.drops_out);
    }
};

struct Interface {
    std::string name{};
    bool isup{};
    std::int64_t speed{}, mtu{};
    std::optional<std::string> mac{};
    std::vector<Address> addresses{};
    std::optional<Counters> counters{};

    static void fields(Fields& f, Interface& s)
    {
        f("name", s.name);
        f("isup", s.isup);
        f("speed", s.speed, "Mbit/s; 0 when the link does not tell");
        f("mtu", s.mtu);
        f("mac", s.mac);
        f("addresses", s.addresses);
        f("counters", s.counters, "Since boot");
    }
};

struct Network {
    std::vector<Interface> interfaces{};
    std::string timestamp{};
    std::optional<bool> truncated{};

    static void fields(Fields& f, Network& s)
    {
        f("interfaces", s.interfaces);
        f("timestamp", s.timestamp, "The target's own clock, UTC");
        f("truncated", s.truncated, "The policy's output limit hid something");
    }
};

Address shown(const net::Address& address)
{
    Address out{.family = address.family, .address = address.address, .prefix = address.prefix};
    if (auto mask = address.netmask(); !mask.empty()) out.netmask = std::move(mask);
    return out;
}

Counters shown(const net::Counters& seen)
{
    return {.bytes_sent = seen.bytes_sent,
            .bytes_recv = seen.bytes_received,
            .packets_sent = seen.packets_sent,
            .packets_recv = seen.packets_received,
            .errors_in = seen.errors_in,
            .errors_out = seen.errors_out,
            .drops_in = seen.drops_in,
            .drops_out = seen.drops_out};
}

Interface shown(const net::Interface& interface)
{
    Interface out{.name = interface.name,
                  .isup = interface.is_up,
                  .speed = interface.speed_mbps,
                  .mtu = interface.mtu};
    for (const auto& address : interface.addresses) out.addresses.push_back(shown(address));
    if (!interface.mac.empty()) out.mac = interface.mac;
    if (interface.counters) out.counters = shown(*interface.counters);
    return out;
}

Result<Network> read_network(const Sections& sections, const NoArguments&)
{
    TAILOPS_TRY(const auto dev, sections.required("dev"));
    auto interfaces = net::parse_interfaces(sections.lines("interfaces"));
    const auto add = [&interfaces](net::Addresses found) {
        for (auto& [name, addresses] : found) {
            auto& interface =
                interfaces.try_emplace(name, net::Interface{.name = name}).first->second;
            interface.addresses.insert(interface.addresses.end(), addresses.begin(),
                                       addresses.end());
        }
    };
    add(net::parse_ip_addr(sections.lines("addresses")));
    add(net::parse_fib_trie(sections.lines("fib_trie"), sections.lines("route")));
    add(net::parse_if_inet6(sections.lines("if_inet6")));
    for (const auto& [name, counters] : net::parse_dev(split(dev, '\n'))) {
        interfaces.try_emplace(name, net::Interface{.name = name}).first->second.counters =
            counters;
    }
    Network out{.timestamp = escaped_line(sections.text("time"), 40)};
    for (const auto& [name, interface] : interfaces) out.interfaces.push_back(shown(interface));
    return out;
}

}  // namespace

Tool get_network_status()
{
    return kit::ToolOf<NoArguments, Network>{
        {.name = "get_network_status",
         .title = "Network interfaces",
         .summary = "The network interfaces of a Linux machine: state, speed, MTU, addresses and "
                    "traffic counters.",
         .rights = {{{"network", "read"}, Tier::observe}},
         .has_long_lists = true}}
        .runs(script, read_network);
}

}  // namespace tailops::tools
