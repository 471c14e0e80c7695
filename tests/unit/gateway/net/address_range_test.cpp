#include "gateway/net/address_range.hpp"

#include <gtest/gtest.h>

namespace tailops::net {
namespace {

TEST(IpAddress, IsReadStrictlyAndWrittenInOneWay)
{
    const std::pair<const char*, const char*> rows[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"::1", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"::", "::"},
    };
    for (const auto& [text, written] : rows) {
        const auto address = IpAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), written);
    }
    EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
    for (const std::string_view bad :
         {"", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1:80", "[::1]", "fe80::1%eth0", "127.1",
          "127.0.0.01", "256.0.0.1", "localhost", "::1::", "unknown"}) {
        EXPECT_FALSE(IpAddress::parse(bad)) << bad;
    }
    EXPECT_FALSE(IpAddress::parse(std::string_view{"127.0.0.1\0x", 11}));
}

struct Row {
    const char* range;
    std::vector<std::string_view> inside;
    std::vector<std::string_view> outside;
};

TEST(AddressRange, HoldsWhatSharesItsFirstBits)
{
    const Row rows[] = {
        {"127.0.0.1", {"127.0.0.1", "::ffff:127.0.0.1"}, {"127.0.0.2", "::1", "localhost", ""}},
        {"::1", {"::1", "0:0::1"}, {"::2", "127.0.0.1"}},
        {"100.64.0.0/10",
         {"100.64.0.0", "100.64.0.1", "100.127.255.255"},
         {"100.63.255.255", "100.128.0.0", "10.64.0.1", "::1"}},
        {"fd7a:115c:a1e0::/48",
         {"fd7a:115c:a1e0::", "fd7a:115c:a1e0:ffff::1"},
         {"fd7a:115c:a1e1::", "fd7a:115c:a1df:ffff::", "100.64.0.1"}},
        {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"::1", "2001:db8::1"}},
        {"::/0", {"::1", "2001:db8::1", "127.0.0.1"}, {"x"}},
        {"192.0.2.128/25", {"192.0.2.128", "192.0.2.255"}, {"192.0.2.127"}},
    };
    for (const auto& row : rows) {
        const auto range = AddressRange::parse(row.range);
        ASSERT_TRUE(range) << row.range;
        for (const auto address : row.inside) {
            EXPECT_TRUE(range->contains(address)) << row.range << ' ' << address;
        }
        for (const auto address : row.outside) {
            EXPECT_FALSE(range->contains(address)) << row.range << ' ' << address;
        }
    }
}

TEST(AddressRange, RefusesWhatIsNone)
{
    for (const auto* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8",
                            "10.0.0.1/8", "fd00::1/64", "fd00::/129", "localhost", "10.0.0.0 /8"}) {
        const auto range = AddressRange::parse(bad);
        ASSERT_FALSE(range) << bad;
        EXPECT_EQ(range.error().code(), Errc::invalid_argument);
    }
    EXPECT_NE(AddressRange::parse("10.0.0.1/8").error().public_message().find("behind its length"),
              std::string::npos);
}

}  // namespace
}  // namespace tailops::net
