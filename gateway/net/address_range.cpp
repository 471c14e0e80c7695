#include "gateway/net/address_range.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace tailops::net {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::unexpected<Error> bad_range(std::string_view text, std::string_view why)
{
    return fail(Errc::invalid_argument, quote(text) +
                                            " is no range of addresses: " + std::string{why} +
                                            "; write e.g. 10.0.0.0/8 or fd00::1");
}

/// Whether `a` and `b` agree in their first `bits` bits.
bool share(const std::array<std::uint8_t, 16>& a,
           const std::array<std::uint8_t, 16>& b,
           unsigned bits)
{
    const auto whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
    if (bits % 8 == 0) return true;
    const auto mask = 0xFFU << (8 - bits % 8);
    return ((a[whole] ^ b[whole]) & mask & 0xFFU) == 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    const std::string terminated{text};
    if (terminated.size() != std::char_traits<char>::length(terminated.c_str())) return {};
    IpAddress address;
    in_addr v4{};
    if (::inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
        std::ranges::copy(v4_prefix, address.bytes_.begin());
        const auto* from = reinterpret_cast<const std::uint8_t*>(&v4.s_addr);
        std::copy_n(from, 4, address.bytes_.begin() + v4_prefix.size());
        return address;
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return {};
    std::copy_n(v6.s6_addr, 16, address.bytes_.begin());
    return address;
}

bool IpAddress::is_v4() const noexcept
{
    return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
}

std::string IpAddress::text() const
{
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (is_v4()) {
        ::inet_ntop(AF_INET, bytes_.data() + v4_prefix.size(), out.data(), out.size());
    } else {
        ::inet_ntop(AF_INET6, bytes_.data(), out.data(), out.size());
    }
    return out.data();
}

Result<AddressRange> AddressRange::parse(std::string_view text)
{
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return bad_range(text, "it does not begin with an IP address");
    AddressRange range;
    range.first_ = *address;
    if (slash == std::string_view::npos) return range;
    const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    const auto bits = parse_int(text.substr(slash + 1), 0, is_v4 ? 32 : 128);
    if (!bits)
        return bad_range(text, is_v4 ? "its length is not 0 to 32" : "its length is not 0 to 128");
    range.bits_ = static_cast<unsigned>(*bits) + (is_v4 ? 96 : 0);
    const IpAddress zero;
    auto behind = range.first_.bytes_;
    for (unsigned bit = 0; bit < range.bits_; ++bit) {
        behind[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    if (behind != zero.bytes_) return bad_range(text, "bits are set behind its length");
    return range;
}

bool AddressRange::contains(const IpAddress& address) const noexcept
{
    return share(first_.bytes_, address.bytes_, bits_);
}

bool AddressRange::contains(std::string_view address) const
{
    const auto parsed = IpAddress::parse(address);
    return parsed && contains(*parsed);
}

}  // namespace tailops::net
