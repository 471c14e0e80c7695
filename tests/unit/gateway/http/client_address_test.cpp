#include "gateway/http/client_address.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

const net::TrustedProxies proxies{
    .ranges = {*net::AddressRange::parse("127.0.0.1"), *net::AddressRange::parse("10.0.0.0/8")},
    .unix_sockets = false};

struct Row {
    const char* name;
    const char* peer;
    std::vector<std::string> forwarded;  // one per header line
    const char* client;
};

TEST(ClientAddress, IsWhatTrustedProxiesSayAndNothingElse)
{
    const Row rows[] = {
        {"no_header", "127.0.0.1", {}, "127.0.0.1"},
        {"one_client", "127.0.0.1", {"100.64.0.7"}, "100.64.0.7"},
        {"ipv6_client", "127.0.0.1", {"FD7A:115C:A1E0::7"}, "fd7a:115c:a1e0::7"},
        {"two_proxies", "127.0.0.1", {"100.64.0.7, 10.1.2.3"}, "100.64.0.7"},
        {"what_the_client_said_itself", "127.0.0.1", {"192.0.2.1, 100.64.0.7"}, "100.64.0.7"},
        {"rubbish_left_of_the_client", "127.0.0.1", {"<script>, 100.64.0.7"}, "100.64.0.7"},
        {"only_proxies", "127.0.0.1", {"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
        {"an_untrusted_peer", "192.0.2.9", {"100.64.0.7"}, "192.0.2.9"},
        {"a_neighbour_of_the_proxy", "127.0.0.2", {"100.64.0.7"}, "127.0.0.2"},
        {"a_repeated_header", "127.0.0.1", {"100.64.0.7", "100.64.0.8"}, "127.0.0.1"},
        {"empty", "127.0.0.1", {""}, "127.0.0.1"},
        {"an_empty_element", "127.0.0.1", {"100.64.0.7,"}, "127.0.0.1"},
        {"a_port", "127.0.0.1", {"100.64.0.7:4711"}, "127.0.0.1"},
        {"brackets", "127.0.0.1", {"[::1]"}, "127.0.0.1"},
        {"a_zone", "127.0.0.1", {"fe80::1%eth0"}, "127.0.0.1"},
        {"a_name", "127.0.0.1", {"unknown"}, "127.0.0.1"},
        {"rubbish_behind_a_proxy", "127.0.0.1", {"x, 10.0.0.1"}, "127.0.0.1"},
        {"blanks", "127.0.0.1", {" 100.64.0.7 "}, "100.64.0.7"},
    };
    for (const auto& row : rows) {
        Headers headers{{"Forwarded", "for=203.0.113.9"}};
        for (const auto& line : row.forwarded) headers.emplace_back("x-forwarded-FOR", line);
        EXPECT_EQ(client_address(row.peer, headers, proxies), row.client) << row.name;
    }
}

TEST(ClientAddress, IsThePeerWhereNoProxyIsTrusted)
{
    const Headers headers{{"X-Forwarded-For", "100.64.0.7"}};
    EXPECT_EQ(client_address("127.0.0.1", headers, {}), "127.0.0.1");
}

TEST(ClientAddress, IsBelievedFromAUnixSocketWhereThatIsTrusted)
{
    const Headers headers{{"X-Forwarded-For", "192.0.2.1, 100.64.0.7"}};
    EXPECT_EQ(client_address("unix", headers, proxies), "unix");
    const net::TrustedProxies local{.ranges = {}, .unix_sockets = true};
    EXPECT_EQ(client_address("unix", headers, local), "100.64.0.7");
    EXPECT_EQ(client_address("127.0.0.1", headers, local), "127.0.0.1");
    // What a client says of itself is no Unix socket.
    EXPECT_EQ(client_address("unix", {{"X-Forwarded-For", "100.64.0.7, unix"}}, local), "unix");
}

}  // namespace
}  // namespace tailops::http
