#include "gateway/http/answer.hpp"

#include "gateway/core/request_id.hpp"
#include "gateway/http/status.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tailops::http {
namespace {

TEST(Answer, WritesTheHeadInOneForm)
{
    const Headers headers{{"Content-Type", "text/plain"}};
    std::string out;
    append_head(out, {.status = 404, .headers = headers, .after = After::close, .body_bytes = 12});
    EXPECT_TRUE(
        out.starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                        "Content-Length: 12\r\nConnection: close\r\nDate: "))
        << out;
    EXPECT_TRUE(out.ends_with(" GMT\r\n\r\n")) << out;
}

TEST(Answer, LeavesOutHeadersThatCouldEndTheirLineOrAreItsOwn)
{
    const Headers headers{{"A", "b\r\nC: d"}, {"B", "x\ny"},           {"Bad Name", "v"},
                          {"", "v"},          {"content-length", "9"}, {"Connection", "x"},
                          {"Fine", "ok"}};
    std::string out;
    append_head(out, {.status = 204, .headers = headers, .framing = Framing::none});
    EXPECT_TRUE(out.starts_with("HTTP/1.1 204 No Content\r\nFine: ok\r\nDate: ")) << out;
}

TEST(Answer, FramesEvents)
{
    struct Row {
        std::string id;
        std::string data;
        std::string text;
    };
    for (const auto& row : {
             Row{"", "{}", "data: {}\n\n"},
             Row{"7", "{}", "id: 7\ndata: {}\n\n"},
             Row{"7", "", "id: 7\ndata: \n\n"},
             Row{"", "a\nb\rc\r\nd", "data: a\ndata: b\ndata: c\ndata: d\n\n"},
             Row{"a\nb", "x", "data: x\n\n"},
         }) {
        std::string bare;
        append_event(bare, Framing::none, row.id, row.data);
        EXPECT_EQ(bare, row.text);
        std::string chunk;
        append_event(chunk, Framing::chunked, row.id, row.data);
        EXPECT_EQ(std::strtoul(chunk.c_str(), nullptr, 16), row.text.size());
        EXPECT_TRUE(chunk.ends_with("\r\n" + row.text + "\r\n")) << chunk;
    }
    std::string comment;
    append_comment(comment, Framing::chunked, "keepalive");
    EXPECT_EQ(comment, "d\r\n: keepalive\n\n\r\n");
}

TEST(Answer, RefusesInPlainJson)
{
    EXPECT_EQ(refusal_reply(403, "no").body, R"({"error":"no"})");
    EXPECT_EQ(plain_refusal(503, "no", "/mcp").body, R"({"error":"no"})");
}

TEST(Status, HasAReasonForEveryStatusOfAnError)
{
    for (int code = 0; code <= static_cast<int>(Errc::internal); ++code) {
        const auto status = status_of(static_cast<Errc>(code));
        EXPECT_GE(status, 400);
        EXPECT_FALSE(reason_phrase(status).empty()) << status;
    }
    EXPECT_EQ(status_of(Errc::unreachable), 503);
    EXPECT_EQ(status_of(Errc::unauthenticated), 401);
}

TEST(RequestIds, AreSixteenHexadecimalDigitsAndDiffer)
{
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) {
        const auto id = mint_request_id();
        EXPECT_EQ(id.str().size(), 16U);
        EXPECT_EQ(id.str().find_first_not_of("0123456789abcdef"), std::string::npos);
        seen.insert(id.str());
    }
    EXPECT_EQ(seen.size(), 10'000U);
}

}  // namespace
}  // namespace tailops::http
