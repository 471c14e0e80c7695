#include "gateway/net/request_writer.hpp"

#include <gtest/gtest.h>

namespace tailops::net {
namespace {

const HttpEndpoint server{.host = "a.example", .port = 8080};

TEST(WriteRequest, PutsTheMessageTogether)
{
    const auto text = write_request(
        server, {.method = "POST", .target = "/x?y", .headers = {{"Accept", "a"}}, .body = "{}"});
    ASSERT_TRUE(text);
    EXPECT_EQ(*text,
              "POST /x?y HTTP/1.1\r\nHost: a.example:8080\r\nAccept: a\r\n"
              "User-Agent: tailops-gateway/" TAILOPS_VERSION "\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(WriteRequest, NamesTheHostAsItsEndpointDemands)
{
    struct Row {
        HttpEndpoint endpoint;
        std::string_view host;
    };
    const Row rows[] = {
        {{.host = "a", .port = 80}, "a"},
        {{.host = "a", .port = 443}, "a:443"},
        {{.host = "a", .port = 443, .tls = true}, "a"},
        {{.host = "::1", .port = 80}, "[::1]"},
        {{.host = "", .socket_path = "/s"}, "localhost"},
        {{.host = "docker", .socket_path = "/s"}, "docker"},
    };
    for (const auto& row : rows) {
        const auto text = write_request(row.endpoint, {});
        ASSERT_TRUE(text);
        EXPECT_NE(text->find("\r\nHost: " + std::string{row.host} + "\r\n"), std::string::npos)
            << *text;
    }
}

TEST(WriteRequest, SaysThatABodyIsEmptyWhereOneIsExpected)
{
    const auto has_length = [](std::string method) {
        return write_request(server, {.method = std::move(method)})->find("Content-Length: 0") !=
               std::string::npos;
    };
    EXPECT_TRUE(has_length("POST"));
    EXPECT_TRUE(has_length("PUT"));
    EXPECT_FALSE(has_length("GET"));
    EXPECT_FALSE(has_length("DELETE"));
}

TEST(WriteRequest, RefusesWhatWouldBreakTheMessage)
{
    struct Row {
        std::string_view what;
        HttpRequest request;
    };
    const Row rows[] = {
        {"method with a space", {.method = "GET /x"}},
        {"method with a line break", {.method = "GET\r\n"}},
        {"no method", {.method = ""}},
        {"no target", {.target = ""}},
        {"absolute target", {.target = "http://b/"}},
        {"target with a space", {.target = "/a b"}},
        {"target with a line break", {.target = "/a\r\nX: y"}},
        {"target with NUL", {.target = std::string("/a\0b", 4)}},
        {"target outside ASCII", {.target = "/\xc3\xa4"}},
        {"header name with a colon", {.headers = {{"A:", "b"}}}},
        {"header name with a line break", {.headers = {{"A\r\nB", "b"}}}},
        {"no header name", {.headers = {{"", "b"}}}},
        {"header value with CR LF", {.headers = {{"A", "b\r\nC: d"}}}},
        {"header value with LF", {.headers = {{"A", "b\nC: d"}}}},
        {"header value with NUL", {.headers = {{"A", std::string("b\0", 2)}}}},
        {"our header Host", {.headers = {{"host", "b"}}}},
        {"our header Content-Length", {.headers = {{"Content-length", "1"}}}},
        {"our header Transfer-Encoding", {.headers = {{"Transfer-Encoding", "chunked"}}}},
        {"our header Connection", {.headers = {{"Connection", "close"}}}},
    };
    for (const auto& row : rows) {
        const auto text = write_request(server, row.request);
        ASSERT_FALSE(text) << row.what;
        EXPECT_EQ(text.error().code(), Errc::invalid_argument) << row.what;
    }
    EXPECT_TRUE(write_request(server, {.headers = {{"A", "b\tc \xc3\xa4"}}}));
}

TEST(WriteRequest, NeverQuotesAHeaderValue)
{
    const auto text = write_request(server, {.headers = {{"Authorization", "Bearer s3cret\n"}}});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().describe().find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace tailops::net
