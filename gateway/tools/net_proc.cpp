#include "gateway/tools/net_proc.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/sections.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace tailops::tools::net {
namespace {

constexpr std::size_t interface_name_max = 15;  // IFNAMSIZ - 1

std::optional<std::uint32_t> hexadecimal(std::string_view text)
{
    if (text.starts_with("0x")) text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::uint64_t count(std::string_view text)
{
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// An IPv4 address as a number in host order.
std::optional<std::uint32_t> ipv4(std::string_view text)
{
    in_addr address{};
    if (inet_pton(AF_INET, std::string{text}.c_str(), &address) != 1) return std::nullopt;
    return ntohl(address.s_addr);
}

std::string ipv4_text(std::uint32_t address)
{
    const in_addr raw{htonl(address)};
    char buffer[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, &raw, buffer, sizeof buffer) ? buffer : "";
}

std::uint32_t mask_of(int prefix)
{
    return prefix <= 0 ? 0 : ~std::uint32_t{0} << (32 - std::min(prefix, 32));
}

bool is_interface_name(std::string_view name)
{
    return !name.empty() && name.size() <= interface_name_max &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

/// "192.0.2.7/24" when the parts are what they should be.
std::optional<Address> parse_cidr(std::string_view family, std::string_view text)
{
    const auto slash = text.find('/');
    const auto address = text.substr(0, slash);
    const int bits = family == "inet" ? 32 : 128;
    const auto prefix = slash == std::string_view::npos
                            ? Result<std::int64_t>{bits}
                            : parse_int(text.substr(slash + 1), 0, bits);
    std::array<unsigned char, sizeof(in6_addr)> raw{};
    const auto kind = family == "inet" ? AF_INET : AF_INET6;
    if (!prefix || inet_pton(kind, std::string{address}.c_str(), raw.data()) != 1) {
        return std::nullopt;
    }
    return Address{std::string{family}, std::string{address}, static_cast<int>(*prefix)};
}

}  // namespace

std::string Address::netmask() const
{
    return family == "inet" ? ipv4_text(mask_of(prefix)) : std::string{};
}

std::map<std::string, Interface> parse_interfaces(const Lines& lines)
{
    constexpr std::uint32_t flag_up = 0x1;  // IFF_UP
    std::map<std::string, Interface> out;
    for (const auto line : lines) {
        const auto fields = words(line);
        if (fields.empty() || !is_interface_name(fields[0])) continue;
        Interface made{.name = std::string{fields[0]}};
        std::string_view state;
        bool is_enabled = false;
        for (const auto field : fields) {
            const auto equals = std::min(field.find('='), field.size() - 1);
            const auto key = field.substr(0, equals), value = field.substr(equals + 1);
            if (key == "flags") is_enabled = (hexadecimal(value).value_or(0) & flag_up) != 0;
            if (key == "state") state = value;
            if (key == "mtu") made.mtu = parse_int(value, 0).value_or(0);
            // The kernel says -1 when a link does not tell its speed.
            if (key == "speed") made.speed_mbps = parse_int(value, 0).value_or(0);
            if (key == "mac") made.mac = escaped_line(value, 64);
        }
        // Interfaces that cannot tell (loopback, tunnels) say "unknown" and work.
        made.is_up = is_enabled && (state == "up" || state == "unknown");
        out.emplace(made.name, made);
    }
    return out;
}

std::map<std::string, Counters> parse_dev(const Lines& lines)
{
    std::map<std::string, Counters> out;
    for (const auto line : lines) {
        const auto colon = line.rfind(':');
        if (colon == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, colon));
        const auto fields = words(line.substr(colon + 1));
        if (!is_interface_name(name) || fields.size() < 16) continue;
        out[std::string{name}] = {.bytes_received = count(fields[0]),
                                  .packets_received = count(fields[1]),
                                  .errors_in = count(fields[2]),
                                  .drops_in = count(fields[3]),
                                  .bytes_sent = count(fields[8]),
                                  .packets_sent = count(fields[9]),
                                  .errors_out = count(fields[10]),
                                  .drops_out = count(fields[11])};
    }
    return out;
}

Addresses parse_ip_addr(const Lines& lines)
{
    Addresses out;
    for (const auto line : lines) {
        const auto fields = words(line);  // 2: eth0 inet 192.0.2.2/24 brd 192.0.2.255
        if (fields.size() < 4 || (fields[2] != "inet" && fields[2] != "inet6")) continue;
        const auto name = fields[1].substr(0, fields[1].find('@'));
        if (!is_interface_name(name)) continue;
        auto address = parse_cidr(fields[2], fields[3]);
        // "inet 10.0.0.1 peer 10.0.0.2/32": the prefix stands with the peer.
        if (address && fields.size() > 5 && fields[4] == "peer") {
            const auto peer = parse_cidr(fields[2], fields[5]);
            if (peer) address->prefix = peer->prefix;
        }
        if (address) out[std::string{name}].push_back(*std::move(address));
    }
    return out;
}

namespace {

struct Route {
    std::string interface;
    std::uint32_t network{0};
    std::uint32_t mask{0};
};

/// The directly attached networks of /proc/net/route, whose numbers are in network byte order as
/// the machine's memory has it: little endian on every machine we know.
std::vector<Route> attached_networks(const Lines& lines)
{
    constexpr std::size_t destination = 1, gateway = 2, mask = 7;
    std::vector<Route> out;
    for (const auto line : lines) {
        const auto fields = words(line);
        if (fields.size() <= mask || !is_interface_name(fields[0])) continue;
        const auto to = hexadecimal(fields[destination]), by = hexadecimal(fields[gateway]),
                   bits = hexadecimal(fields[mask]);
        if (!to || !by || !bits || *by != 0 || *bits == 0) continue;
        out.push_back({std::string{fields[0]}, __builtin_bswap32(*to), __builtin_bswap32(*bits)});
    }
    return out;
}

/// The addresses that the kernel answers to: "|-- 192.0.2.7" followed by "/32 host LOCAL".
std::vector<std::uint32_t> local_addresses(const Lines& lines)
{
    std::vector<std::uint32_t> out;
    std::optional<std::uint32_t> last;
    for (const auto line : lines) {
        const auto text = trim(line);
        if (text.starts_with("|-- ")) last = ipv4(text.substr(4));
        if (text == "/32 host LOCAL" && last && !std::ranges::count(out, *last)) {
            out.push_back(*last);
        }
    }
    return out;
}

}  // namespace

Addresses parse_fib_trie(const Lines& fib_trie, const Lines& route)
{
    constexpr std::uint32_t loopback = 0x7f000000;
    const auto networks = attached_networks(route);
    Addresses out;
    for (const auto address : local_addresses(fib_trie)) {
        const Route* best = nullptr;
        for (const auto& network : networks) {
            const bool inside = (address & network.mask) == network.network;
            if (inside && (!best || network.mask > best->mask)) best = &network;
        }
        if (best) {
            out[best->interface].push_back({"inet", ipv4_text(address), std::popcount(best->mask)});
        } else if ((address & 0xff000000) == loopback) {
            out["lo"].push_back({"inet", ipv4_text(address), 8});
        }
    }
    return out;
}

Addresses parse_if_inet6(const Lines& lines)
{
    Addresses out;
    for (const auto line : lines) {
        const auto fields = words(line);  // fe80…01 04 40 20 80     eth0
        if (fields.size() != 6 || fields[0].size() != 32 || !is_interface_name(fields[5])) continue;
        in6_addr raw{};
        bool good = true;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto part = hexadecimal(fields[0].substr(i * 8, 8));
            good = good && part;
            const auto number = htonl(part.value_or(0));
            std::copy_n(reinterpret_cast<const unsigned char*>(&number), 4, raw.s6_addr + i * 4);
        }
        char buffer[INET6_ADDRSTRLEN];
        const auto prefix = hexadecimal(fields[2]);
        if (!good || !prefix || *prefix > 128) continue;
        if (!inet_ntop(AF_INET6, &raw, buffer, sizeof buffer)) continue;
        out[std::string{fields[5]}].push_back({"inet6", buffer, static_cast<int>(*prefix)});
    }
    return out;
}

}  // namespace tailops::tools::net
