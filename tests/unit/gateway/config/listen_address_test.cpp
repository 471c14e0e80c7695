#include "tests/unit/gateway/config/read_settings.hpp"

#include <gtest/gtest.h>

namespace tailops::config {
namespace {

/// What the problems are when `listen` is given, and `tls` beside it.
std::string listening(const std::string& listen, const std::string& tls = "")
{
    return read("version: 1\nlisten: [\"" + listen + "\"]\n" + tls).problems.render();
}

TEST(Settings, ListensInClearTextOnLoopbackAndTheTailnetOnly)
{
    for (const auto* private_address :
         {"127.0.0.1:8080", "127.8.9.1:8080", "localhost:8080", "[::1]:8080", "100.64.0.1:8080",
          "100.127.255.254:8080", "[fd7a:115c:a1e0::53]:8080"}) {
        EXPECT_EQ(listening(private_address), "") << private_address;
    }
    for (const auto* open_address :
         {"0.0.0.0:8080", ":8080", "[::]:8080", "192.168.1.2:8080", "10.0.0.1:8080",
          "100.63.255.255:8080", "100.128.0.1:8080", "[fd7a:115c:a1e1::1]:8080", "[fe80::1]:8080",
          "8.8.8.8:8080"}) {
        const auto said = listening(open_address);
        EXPECT_TRUE(said.starts_with("/etc/tailops/gateway.yaml:2:1: listen: \"")) << said;
        EXPECT_NE(said.find("give tls.certificate and tls.key"), std::string::npos) << said;
        EXPECT_EQ(listening(open_address, "tls: {certificate: c.pem, key: k.pem}\n"), "");
        EXPECT_EQ(listening(open_address, "tls: {i_accept_the_risk: true}\n"), "");
        EXPECT_NE(listening(open_address, "tls: {i_accept_the_risk: false}\n"), "");
    }
}

TEST(Settings, ListensOnEachPortOfAnAddressOnce)
{
    const std::string risk = "tls: {i_accept_the_risk: true}\n";
    const std::string same = "are the same port of the same address; leave one out";
    for (const auto* repeated :
         {"127.0.0.1:80\", \"127.0.0.1:80", "[::1]:80\", \"[0:0::1]:80",
          "localhost:80\", \"127.0.0.1:80", "[::1]:80\", \"LOCALHOST:80", ":80\", \"127.0.0.1:80",
          "100.64.0.1:80\", \"0.0.0.0:80", "[::]:80\", \"[::1]:80", "unix:/run/a\", \"unix:/run/a",
          "127.0.0.1:80\", \"[::1]:80\", \"[::1]:80"}) {
        const auto said = listening(repeated, risk);
        EXPECT_TRUE(said.starts_with("/etc/tailops/gateway.yaml:2:1: listen: \"")) << said;
        EXPECT_NE(said.find(same), std::string::npos) << said;
    }
    for (const auto* different :
         {"127.0.0.1:80\", \"127.0.0.1:81", "127.0.0.1:0\", \"127.0.0.1:0",
          "127.0.0.1:80\", \"[::1]:80", "0.0.0.0:80\", \"[::]:80", "unix:/run/a\", \"unix:/run/b",
          "unix:/run/a\", \"127.0.0.1:80"}) {
        EXPECT_EQ(listening(different, risk), "") << different;
    }
}

TEST(Settings, SaysWhichAddressAndWhereItCameFrom)
{
    const auto variable = read("version: 1\n", {{"TAILOPS_LISTEN", "127.0.0.1:1, 0.0.0.0:2"}});
    const auto said = variable.problems.render();
    EXPECT_TRUE(said.starts_with("TAILOPS_LISTEN: listen: \"0.0.0.0:2\"")) << said;
    EXPECT_EQ(said.find("127.0.0.1:1\""), std::string::npos) << said;
}

TEST(ListenAddress, IsHostAndPortOrAUnixSocket)
{
    EXPECT_EQ(parse_listen_address("[::1]:8080")->host, "::1");
    EXPECT_EQ(parse_listen_address(":8080")->host, "0.0.0.0");
    EXPECT_EQ(parse_listen_address("[fe80::1%eth0]:8080")->host, "fe80::1%eth0");
    EXPECT_EQ(parse_listen_address("LocalHost:8080")->host, "LocalHost");
    EXPECT_EQ(parse_listen_address("unix:/run/a b")->socket_path, "/run/a b");
    EXPECT_EQ(parse_listen_address("unix:/" + std::string(106, 'a'))->socket_path.size(), 107U);
    const auto too_long = "unix:/" + std::string(107, 'a');
    for (const auto& bad :
         {std::string{}, std::string{"8080"}, std::string{"a:b"}, std::string{"127.0.0.1:70000"},
          std::string{"127.0.0.1:-1"}, std::string{"gateway.lan:8080"},
          std::string{"127.0.0.1%eth0:80"}, std::string{"[example]:80"}, std::string{"unix:"},
          std::string{"unix:8080"}, std::string{"unix:/a\0b", 9}, too_long})
        EXPECT_FALSE(parse_listen_address(bad)) << bad;
}

TEST(PrivateHost, IsLoopbackOrOfTheTailnet)
{
    for (const auto* host : {"localhost", "::1", "100.100.100.100", "fd7a:115c:a1e0::1"})
        EXPECT_TRUE(is_private_host(host)) << host;
    for (const auto* host : {"0.0.0.0", "::", "100.63.255.255", "fd7a:115c:a1e1::", "a.ts.net"})
        EXPECT_FALSE(is_private_host(host)) << host;
}

TEST(LoopbackHost, IsReachedFromHereAlone)
{
    for (const auto* host : {"127.0.0.1", "localhost", "::1", "127.8.9.1"})
        EXPECT_TRUE(is_loopback_host(host)) << host;
    for (const auto* host : {"0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "1270.0.0.1"}) {
        EXPECT_FALSE(is_loopback_host(host)) << host;
    }
}

}  // namespace
}  // namespace tailops::config
