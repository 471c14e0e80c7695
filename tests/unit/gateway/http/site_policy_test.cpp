#include "gateway/http/site_policy.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

int status_for(std::vector<std::string> hosts,
               std::vector<std::string> origins,
               bool is_http11 = true)
{
    const SitePolicy policy{{"gw.example.com"}, {"https://app.example.com", "http://one:8080"}};
    MessageHead head;
    head.is_http11 = is_http11;
    for (auto& host : hosts) head.headers.emplace_back("hOST", host);
    for (auto& origin : origins) head.headers.emplace_back("Origin", origin);
    const auto refusal = policy.check(head);
    return refusal ? refusal->status : 200;
}

TEST(SitePolicy, JudgesHosts)
{
    struct Row {
        std::string host;
        int status;
    };
    for (const auto& row : {
             Row{"localhost", 200},
             Row{"LOCALHOST:1", 200},
             Row{"127.0.0.1:65535", 200},
             Row{"127.255.0.9", 200},
             Row{"[::1]", 200},
             Row{"[::1]:8080", 200},
             Row{"gw.example.com", 200},
             Row{"GW.example.com:443", 200},
             // The neighbours of each.
             Row{"localhost.", 403},
             Row{"localhost.evil.com", 403},
             Row{"evil-localhost", 403},
             Row{"128.0.0.1", 403},
             Row{"127.0.0.1.evil.com", 403},
             Row{"127.1", 403},
             Row{"0.0.0.0", 403},
             Row{"[::2]", 403},
             Row{"[::ffff:127.0.0.1]", 403},
             Row{"gw.example.com.evil.com", 403},
             Row{"xgw.example.com", 403},
             Row{"2130706433", 403},
             Row{"0x7f.0.0.1", 403},
             // What is no host at all.
             Row{"", 400},
             Row{":80", 400},
             Row{"localhost:", 200},
             Row{"localhost:80x", 400},
             Row{"localhost:123456", 400},
             Row{"evil.com@localhost", 400},
             Row{"[::1", 400},
             Row{"[::1]x", 400},
             Row{"localhost, evil.com", 400},
             Row{"localhost/", 400},
             Row{std::string(300, 'a'), 400},
         }) {
        EXPECT_EQ(status_for({row.host}, {}), row.status) << row.host;
    }
}

TEST(SitePolicy, WantsExactlyOneHost)
{
    EXPECT_EQ(status_for({}, {}), 400);
    EXPECT_EQ(status_for({}, {}, false), 200);  // HTTP/1.0 knows no Host; no browser speaks it
    EXPECT_EQ(status_for({"localhost", "localhost"}, {}), 400);
    EXPECT_EQ(status_for({"localhost", "evil.com"}, {}, false), 400);
}

TEST(SitePolicy, HoldsAnAbsoluteTargetToTheSameRules)
{
    const SitePolicy policy{{}, {}};
    MessageHead head;
    head.is_http11 = true;
    head.authority = "evil.com";
    head.headers.emplace_back("Host", "localhost");
    EXPECT_EQ(policy.check(head)->status, 403);
    head.authority = "localhost:80";
    EXPECT_FALSE(policy.check(head));
}

TEST(SitePolicy, JudgesOrigins)
{
    struct Row {
        std::string origin;
        int status;
    };
    for (const auto& row : {
             Row{"http://localhost", 200},
             Row{"http://localhost:5173", 200},
             Row{"https://127.0.0.1:1", 200},
             Row{"http://[::1]:3000", 200},
             Row{"https://app.example.com", 200},
             Row{"https://APP.example.com:443", 200},
             Row{"http://one:8080", 200},
             // The neighbours of each.
             Row{"http://app.example.com", 403},
             Row{"https://app.example.com:8443", 403},
             Row{"https://app.example.com.evil.com", 403},
             Row{"http://one", 403},
             Row{"http://one:80", 403},
             Row{"https://gw.example.com", 403},
             Row{"http://localhost.evil.com", 403},
             Row{"http://evil.com:80@localhost", 403},
             Row{"ftp://localhost", 403},
             Row{"chrome-extension://localhost", 403},
             Row{"null", 403},
             Row{"", 403},
             Row{"localhost", 403},
             Row{"http://", 403},
             Row{"http://localhost/path", 403},
             Row{"http://localhost http://evil.com", 403},
         }) {
        EXPECT_EQ(status_for({"localhost"}, {row.origin}), row.status) << row.origin;
    }
    EXPECT_EQ(status_for({"localhost"}, {"http://localhost", "http://localhost"}), 403);
}

}  // namespace
}  // namespace tailops::http
