#include "gateway/net/http_client.hpp"

#include <gtest/gtest.h>

namespace tailops::net {
namespace {

TEST(ParseUrl, TakesTheUrlApart)
{
    struct Row {
        std::string_view text, scheme, host;
        std::uint16_t port;
        std::string_view path, origin;
        bool is_loopback;
    };
    const Row rows[] = {
        {"http://a.example", "http", "a.example", 80, "/", "http://a.example", false},
        {"HTTPS://A.Example/x", "https", "a.example", 443, "/x", "https://a.example", false},
        {"https://a:443/", "https", "a", 443, "/", "https://a", false},
        {"https://a:8443/x?y=z", "https", "a", 8443, "/x?y=z", "https://a:8443", false},
        {"http://a?y=z", "http", "a", 80, "/?y=z", "http://a", false},
        {"http://[::1]:81/", "http", "::1", 81, "/", "http://[::1]:81", true},
        {"http://[FE80::1]/", "http", "fe80::1", 80, "/", "http://[fe80::1]", false},
        {"http://127.9.9.9", "http", "127.9.9.9", 80, "/", "http://127.9.9.9", true},
        {"http://localhost:8080", "http", "localhost", 8080, "/", "http://localhost:8080", true},
        {"http://localhost.example", "http", "localhost.example", 80, "/",
         "http://localhost.example", false},
        {"http://127.0.0.1.example", "http", "127.0.0.1.example", 80, "/",
         "http://127.0.0.1.example", false},
        {"http://127.1", "http", "127.1", 80, "/", "http://127.1", false},
    };
    for (const auto& row : rows) {
        const auto url = parse_url(row.text);
        ASSERT_TRUE(url) << row.text << ": " << url.error().describe();
        EXPECT_EQ(url->scheme, row.scheme) << row.text;
        EXPECT_EQ(url->host, row.host) << row.text;
        EXPECT_EQ(url->port, row.port) << row.text;
        EXPECT_EQ(url->path, row.path) << row.text;
        EXPECT_EQ(url->origin(), row.origin) << row.text;
        EXPECT_EQ(url->is_loopback(), row.is_loopback) << row.text;
    }
}

TEST(ParseUrl, RefusesWhatItDoesNotMean)
{
    struct Row {
        std::string_view text, why;
    };
    const Row rows[] = {
        {"", "it has no scheme"},
        {"a.example", "it has no scheme"},
        {"ftp://a", "its scheme is neither http nor https"},
        {" http://a", "its scheme is neither http nor https"},
        {"http://", "its host is not a host"},
        {"http:///x", "its host is not a host"},
        {"http://u:p@a/", "it has user information"},
        {"http://a@b/", "it has user information"},
        {"http://a/#x", "it has a fragment"},
        {"http://a#x", "it has a fragment"},
        {"http://a b/", "it has characters that must be percent-encoded"},
        {"http://a/\r\nX: y", "it has characters that must be percent-encoded"},
        {"http://a\\b/", "it has characters that must be percent-encoded"},
        {"http://\xc3\xa4/", "it has characters that must be percent-encoded"},
        {"http://a%2eb/", "its host is not a host"},
        {"http://-a/", "its host is not a host"},
        {"http://a:/", "its port is not a port"},
        {"http://a:0/", "its port is not a port"},
        {"http://a:65536/", "its port is not a port"},
        {"http://a:+80/", "its port is not a port"},
        {"http://a:80:80/", "its port is not a port"},
        {"http://[::1", "the bracket of its address is not closed"},
        {"http://[::1]x/", "its port is not a port"},
        {"http://[fe80::1%eth0]/", "its address is not IPv6"},
        {"http://::1/", "its host is not a host"},
    };
    for (const auto& row : rows) {
        const auto url = parse_url(row.text);
        ASSERT_FALSE(url) << row.text;
        EXPECT_EQ(url.error().code(), Errc::invalid_argument);
        EXPECT_TRUE(url.error().public_message().ends_with(row.why))
            << row.text << ": " << url.error().public_message();
    }
}

TEST(PercentEncoded, LeavesOnlyUnreservedCharacters)
{
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded("a b/c?d&e=f%\r\n"), "a%20b%2Fc%3Fd%26e%3Df%25%0D%0A");
    EXPECT_EQ(percent_encoded("\xc3\xa4"), "%C3%A4");
}

TEST(FormEncoded, JoinsEncodedFields)
{
    EXPECT_EQ(form_encoded({{"token", "a b+c&d"}, {"hint*", "-._~"}}),
              "token=a+b%2Bc%26d&hint*=-._%7E");
    EXPECT_EQ(form_encoded({}), "");
}

}  // namespace
}  // namespace tailops::net
