#include "gateway/http/message.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

/// The head in `bytes`, found and parsed as the connection does it.
std::expected<MessageHead, Refusal> read_head(std::string_view bytes)
{
    HeadScanner scanner;
    const auto length = scanner.scan(bytes);
    if (!length) return std::unexpected{length.error()};
    if (*length == 0) return std::unexpected{Refusal{0, "incomplete"}};
    return parse_head(bytes.substr(0, *length));
}

TEST(Message, TakesARequestHeadApart)
{
    const auto head = read_head(
        "POST /mcp?x=1&y HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 12\r\n"
        "X-Empty:\r\nX-Spaces: \t a b \t\r\n\r\n");
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->method, "POST");
    EXPECT_EQ(head->path, "/mcp");
    EXPECT_EQ(head->query, "x=1&y");
    EXPECT_TRUE(head->is_http11);
    EXPECT_FALSE(head->wants_close);
    EXPECT_FALSE(head->is_chunked);
    EXPECT_EQ(head->content_length, 12U);
    ASSERT_EQ(head->headers.size(), 4U);
    EXPECT_EQ(head->headers[0], (std::pair<std::string, std::string>{"Host", "localhost:8080"}));
    EXPECT_EQ(head->headers[2].second, "");
    EXPECT_EQ(head->headers[3].second, "a b");
}

TEST(Message, KnowsTheFormsOfATarget)
{
    struct Row {
        std::string_view line;
        std::string_view path;
        std::string_view query;
        std::string_view authority;
    };
    for (const auto& row : {
             Row{"GET / HTTP/1.1", "/", "", ""},
             Row{"GET /a/b?c?d HTTP/1.1", "/a/b", "c?d", ""},
             Row{"GET http://localhost:1/a HTTP/1.1", "/a", "", "localhost:1"},
             Row{"GET HTTP://localhost HTTP/1.1", "/", "", "localhost"},
             Row{"OPTIONS * HTTP/1.1", "*", "", ""},
         }) {
        const auto head = read_head(std::string{row.line} + "\r\nHost: localhost\r\n\r\n");
        ASSERT_TRUE(head) << row.line;
        EXPECT_EQ(head->path, row.path);
        EXPECT_EQ(head->query, row.query);
        EXPECT_EQ(head->authority, row.authority);
    }
}

TEST(Message, RefusesWhatTwoReadersCouldTakeDifferently)
{
    struct Row {
        std::string_view name;
        std::string_view lines;  // after the Host header
        int status{400};
    };
    for (const auto& row : {
             Row{"length_and_coding", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"},
             Row{"coding_and_length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"},
             Row{"length_twice", "Content-Length: 4\r\nContent-Length: 4\r\n"},
             Row{"two_lengths", "Content-Length: 4\r\nContent-Length: 5\r\n"},
             Row{"length_list", "Content-Length: 4, 4\r\n"},
             Row{"negative_length", "Content-Length: -1\r\n"},
             Row{"signed_length", "Content-Length: +4\r\n"},
             Row{"hexadecimal_length", "Content-Length: 0x4\r\n"},
             Row{"empty_length", "Content-Length:\r\n"},
             Row{"length_over_64_bits", "Content-Length: 18446744073709551616\r\n"},
             Row{"coding_twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
             Row{"coding_list", "Transfer-Encoding: gzip, chunked\r\n"},
             Row{"chunked_not_last", "Transfer-Encoding: chunked, identity\r\n"},
             Row{"unknown_coding", "Transfer-Encoding: xchunked\r\n"},
             Row{"identity_coding", "Transfer-Encoding: identity\r\n"},
             Row{"quoted_coding", "Transfer-Encoding: \"chunked\"\r\n"},
             Row{"space_before_colon", "Content-Length : 4\r\n"},
             Row{"folded", "X: a\r\n b\r\n"},
             Row{"folded_with_tab", "X: a\r\n\tb\r\n"},
             Row{"bare_lf", "X: a\nY: b\r\n"},
             Row{"bare_cr", "X: a\rY: b\r\n"},
             Row{"nul_in_value", std::string_view{"X: a\0b\r\n", 8}},
             Row{"control_in_value", "X: a\x01\r\n"},
             Row{"no_colon", "X\r\n"},
             Row{"empty_name", ": a\r\n"},
             Row{"space_in_name", "X Y: a\r\n"},
             Row{"other_expectation", "Expect: wonders\r\n", 417},
         }) {
        const auto head =
            read_head("POST / HTTP/1.1\r\nHost: localhost\r\n" + std::string{row.lines} + "\r\n");
        ASSERT_FALSE(head) << row.name;
        EXPECT_EQ(head.error().status, row.status) << row.name;
    }
    EXPECT_TRUE(read_head("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"));
    EXPECT_TRUE(read_head("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"));
}

TEST(Message, RefusesRequestLinesThatAreNotHttp)
{
    for (const std::string_view line : {"GET  / HTTP/1.1",
                                        "GET /  HTTP/1.1",
                                        "GET / HTTP/1.1 ",
                                        "GET /",
                                        "GET / HTTP/2.0",
                                        "GET / HTTP/0.9",
                                        "GET / http/1.1",
                                        "GET / HTTP/1.10",
                                        "G(T / HTTP/1.1",
                                        " GET / HTTP/1.1",
                                        "GET relative HTTP/1.1",
                                        "GET * HTTP/1.1",
                                        "GET /a#b HTTP/1.1",
                                        "GET /\x7F HTTP/1.1",
                                        "GET /\xC3\xA4 HTTP/1.1",
                                        "CONNECT localhost:1 HTTP/1.1",
                                        "GET ftp://localhost/ HTTP/1.1",
                                        "GET http:///a HTTP/1.1",
                                        "GET",
                                        ""}) {
        const auto head = read_head(std::string{line} + "\r\nHost: localhost\r\n\r\n");
        ASSERT_FALSE(head) << line;
        EXPECT_EQ(head.error().status, 400) << line;
    }
    const auto chunked10 = read_head("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_FALSE(chunked10);
}

TEST(Message, FindsTheEndOfAHeadHoweverItArrives)
{
    const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    HeadScanner scanner;
    for (std::size_t i = 0; i < head.size(); ++i) {
        EXPECT_EQ(scanner.scan(std::string_view{head}.substr(0, i)), 0U) << i;
    }
    EXPECT_EQ(scanner.scan(head + "next"), head.size());
}

TEST(Message, RefusesAFoldBeforeItsLineHasEnded)
{
    HeadScanner scanner;
    EXPECT_FALSE(scanner.scan("GET / HTTP/1.1\r\nX: a\r\n "));
}

}  // namespace
}  // namespace tailops::http
