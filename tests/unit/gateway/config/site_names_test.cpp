#include "gateway/config/site_names.hpp"

#include "tests/unit/gateway/config/read_settings.hpp"

#include <gtest/gtest.h>

namespace tailops::config {
namespace {

struct Row {
    const char* text;
    const char* fault;  // what is in it; empty: none
};

TEST(SiteNames, AreHostsAsClientsSendThem)
{
    for (const auto& [text, fault] : {
             Row{"gateway.lan", ""},
             Row{"Gateway.Lan", ""},
             Row{"192.0.2.1", ""},
             Row{"[fd7a:115c:a1e0::1]", ""},
             Row{"xn--bro-hoa.lan", ""},
             Row{"*", "there are no wildcards here"},
             Row{"*.lan", "there are no wildcards here"},
             Row{"h:80", R"(write the host alone, "h")"},
             Row{"http://h", R"(write the host alone, "h")"},
             Row{"https://h:8443/mcp", R"(write the host alone, "h")"},
             Row{"[::1]:80", R"(write the host alone, "[::1]")"},
             Row{"fd7a::1", R"(write the host alone, "[fd7a::1]")"},
             Row{"", "is no host as clients send it"},
             Row{" ", "is no host as clients send it"},
             Row{"a b", "is no host as clients send it"},
             Row{"büro.lan", "in ASCII"},
             Row{".", "is no host"},
             Row{"[::1", "is no host"},
             Row{"u@h", "is no host"},
         }) {
        const auto told = allowed_host_fault(text);
        EXPECT_EQ(told.empty(), *fault == '\0') << text << ": " << told;
        EXPECT_NE(told.find(fault), std::string::npos) << text << ": " << told;
    }
}

TEST(SiteNames, AreOriginsAsBrowsersSendThem)
{
    for (const auto& [text, fault] : {
             Row{"https://console.lan", ""},
             Row{"HTTP://H:80", ""},
             Row{"http://[::1]:3000", ""},
             Row{"chrome-extension://abcdef", ""},
             Row{"null", "is what every page without an origin sends"},
             Row{"*", "there are no wildcards here"},
             Row{"https://*.lan", "there are no wildcards here"},
             Row{"h", R"(write "https://h" or "http://h")"},
             Row{"h:80", R"(write "https://h:80" or "http://h:80")"},
             Row{"http://h/", R"(write "http://h")"},
             Row{"http://h:81/app?x", R"(write "http://h:81")"},
             Row{"http://h:0", "is no origin"},
             Row{"http://h:x", "is no origin"},
             Row{"http://h:", "is no origin"},
             Row{"http://u@h", "is no origin"},
             Row{"://h", "has no scheme"},
             Row{"http://", "is no origin"},
             Row{"http://ö.de", "is no origin"},
             Row{" http://h", "is no origin"},
             Row{"", "is no origin"},
         }) {
        const auto told = allowed_origin_fault(text);
        EXPECT_EQ(told.empty(), *fault == '\0') << text << ": " << told;
        EXPECT_NE(told.find(fault), std::string::npos) << text << ": " << told;
    }
}

TEST(SiteNames, AreRefusedWhereTheyStand)
{
    const auto told =
        read("version: 1\nallowed_hosts: [good.lan, \"h:80\"]\nallowed_origins: [\"null\"]\n");
    const auto text = told.problems.render();
    EXPECT_EQ(told.problems.all().size(), 2U) << text;
    EXPECT_NE(text.find("gateway.yaml:2:1: allowed_hosts: \"h:80\" would match no request"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("gateway.yaml:3:1: allowed_origins: \"null\" is what every page"),
              std::string::npos)
        << text;
    EXPECT_TRUE(read("version: 1\nallowed_hosts: [gateway.lan]\nallowed_origins: "
                     "[\"https://console.lan\"]\n")
                    .problems.empty());
}

TEST(Settings, NameAStateDirectory)
{
    EXPECT_EQ(read("version: 1\nstate_dir: \"\"\n").problems.render(),
              "/etc/tailops/gateway.yaml:2:1: \"state_dir\" is empty; name a folder, or leave the "
              "key out\n");
    EXPECT_EQ(read("version: 1\nstate_dir: ~\n").settings.state_dir, "/var/lib/tailops");
}

}  // namespace
}  // namespace tailops::config
