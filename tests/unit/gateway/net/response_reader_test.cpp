#include "gateway/net/response_reader.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace tailops::net {
namespace {

using Body = ResponseReader::Body;
using Step = ResponseReader::Step;

struct Row {
    std::string_view what;
    Body body{Body::expected};
    std::string bytes{};
    bool ends{false};  // the connection ends after the bytes
    int status{200};
    std::string text{};
    bool keeps{true};
    bool truncated{false};
};

const std::string ok{"HTTP/1.1 200 OK\r\n"};

std::vector<Row> good_answers()
{
    return {
        {.what = "length", .bytes = ok + "Content-Length: 5\r\n\r\nhello", .text = "hello"},
        {.what = "no body", .bytes = ok + "Content-Length: 0\r\n\r\n"},
        {.what = "chunks",
         .bytes = ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
         .text = "hello"},
        {.what = "chunks with a trailer",
         .bytes = ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
         .text = "hello"},
        {.what = "until close",
         .bytes = ok + "\r\nhello",
         .ends = true,
         .text = "hello",
         .keeps = false},
        {.what = "HTTP/1.0",
         .bytes = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
         .text = "x",
         .keeps = false},
        {.what = "Connection: close",
         .bytes = ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx",
         .text = "x",
         .keeps = false},
        {.what = "204", .bytes = "HTTP/1.1 204 No\r\n\r\n", .status = 204},
        {.what = "304 with a length",
         .bytes = "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n",
         .status = 304},
        {.what = "HEAD", .body = Body::none, .bytes = ok + "Content-Length: 9\r\n\r\n"},
        {.what = "interim answers first",
         .bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok +
                  "Content-Length: 1\r\n\r\nx",
         .text = "x"},
        {.what = "exactly the limit",
         .bytes = ok + "Content-Length: 10\r\n\r\n0123456789",
         .text = "0123456789"},
        {.what = "length over the limit",
         .bytes = ok + "Content-Length: 11\r\n\r\n0123456789",
         .text = "0123456789",
         .keeps = false,
         .truncated = true},
        {.what = "chunks over the limit",
         .bytes = ok + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n678901\r\n",
         .text = "0123456789",
         .keeps = false,
         .truncated = true},
        {.what = "until close over the limit",
         .bytes = ok + "\r\n0123456789ab",
         .text = "0123456789",
         .keeps = false,
         .truncated = true},
        {.what = "bytes after the answer",
         .bytes = ok + "Content-Length: 1\r\n\r\nxHTTP",
         .text = "x",
         .keeps = false},
    };
}

void expect_answer(const Row& row, std::size_t cut)
{
    ResponseReader reader{row.body, {.header_bytes = 200, .body_bytes = 10}};
    const std::string where = std::string{row.what} + ", cut at " + std::to_string(cut);
    auto step = reader.feed(std::string_view{row.bytes}.substr(0, cut));
    ASSERT_TRUE(step) << where << ": " << step.error().describe();
    if (*step == Step::more) step = reader.feed(std::string_view{row.bytes}.substr(cut));
    ASSERT_TRUE(step) << where << ": " << step.error().describe();
    if (row.ends) {
        ASSERT_EQ(*step, Step::more) << where;
        ASSERT_TRUE(reader.finish()) << where;
    } else {
        ASSERT_EQ(*step, Step::done) << where;
    }
    if (cut == row.bytes.size()) {
        EXPECT_EQ(reader.can_keep_connection(), row.keeps) << where;
    }
    const auto response = std::move(reader).take();
    EXPECT_EQ(response.status, row.status) << where;
    EXPECT_EQ(response.body, row.text) << where;
    EXPECT_EQ(response.truncated, row.truncated) << where;
}

TEST(ResponseReader, ReadsEveryFramingHoweverItArrives)
{
    for (const auto& row : good_answers()) {
        for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) expect_answer(row, cut);
    }
}

/// Chunked answers with everything that may stand between the data.
std::vector<Row> chunked_answers()
{
    const auto head = ok + "Transfer-Encoding: chunked\r\n\r\n";
    return {
        {.what = "an empty body", .bytes = head + "0\r\n\r\n"},
        {.what = "an empty body, many zeros", .bytes = head + "000\r\n\r\n"},
        {.what = "an empty body with a trailer", .bytes = head + "0\r\nA: b\r\nC: d\r\n\r\n"},
        {.what = "an empty body with an extension", .bytes = head + "0;a=\"b\"\r\n\r\n"},
        {.what = "extensions",
         .bytes = head + "2;a;b=c\r\nhe\r\n3 ; d=\"e f\"\r\nllo\r\n0;g\r\n\r\n",
         .text = "hello"},
        {.what = "trailers",
         .bytes = head + "5\r\nhello\r\n0\r\nETag: x\r\nServer-Timing: a;dur=1\r\n\r\n",
         .text = "hello"},
        {.what = "line ends as data",
         .bytes = head + "8\r\n\r\n0\r\n\r\n\n\r\n0\r\n\r\n",
         .text = "\r\n0\r\n\r\n\n"},
        {.what = "capital digits",
         .bytes = head + "A\r\n0123456789\r\n0\r\n\r\n",
         .text = "0123456789"},
    };
}

/// Feeds the pieces between the cuts and asks for the answer.
void expect_in_pieces(const Row& row, const std::vector<std::size_t>& cuts)
{
    ResponseReader reader{row.body, {.header_bytes = 200, .body_bytes = 10}};
    std::string where{row.what};
    for (const auto cut : cuts) where += ' ' + std::to_string(cut);
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const auto to = i < cuts.size() ? cuts[i] : row.bytes.size();
        const auto step = reader.feed(std::string_view{row.bytes}.substr(from, to - from));
        ASSERT_TRUE(step) << where << ": " << step.error().describe();
        ASSERT_EQ(*step, to == row.bytes.size() ? Step::done : Step::more) << where;
        if (*step == Step::done) break;
        from = to;
    }
    EXPECT_TRUE(reader.can_keep_connection()) << where;
    EXPECT_EQ(std::move(reader).take().body, row.text) << where;
}

/// Beast 1.81 asserts on some of these ("0\r\n" and then "\r").
TEST(ResponseReader, ReadsChunksThatArriveByteByByte)
{
    for (const auto& row : chunked_answers()) {
        std::vector<std::size_t> cuts(row.bytes.size() - 1);
        std::iota(cuts.begin(), cuts.end(), 1U);
        expect_in_pieces(row, cuts);
    }
}

TEST(ResponseReader, ReadsChunksThatArriveInAnyThreePieces)
{
    for (const auto& row : chunked_answers()) {
        for (std::size_t first = ok.size(); first < row.bytes.size(); ++first) {
            for (auto second = first + 1; second < row.bytes.size(); ++second) {
                expect_in_pieces(row, {first, second});
            }
        }
    }
}

TEST(ResponseReader, LetsATapHearTheWholeBodyHoweverItArrives)
{
    const std::string body{"0123456789abcdefghij"};
    const std::string rows[] = {
        ok + "Content-Length: 20\r\n\r\n" + body,
        ok + "Transfer-Encoding: chunked\r\n\r\n14\r\n" + body + "\r\n0\r\n\r\n",
    };
    for (const auto& bytes : rows) {
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            std::string heard;
            BodyTap tap = [&](const HttpResponse& head, std::string_view piece) {
                EXPECT_EQ(head.status, 200);
                heard += piece;
                return Wants::more;
            };
            ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}, tap};
            auto step = reader.feed(std::string_view{bytes}.substr(0, cut));
            if (*step == Step::more) step = reader.feed(std::string_view{bytes}.substr(cut));
            ASSERT_TRUE(step) << step.error().describe();
            EXPECT_EQ(*step, Step::done) << cut;
            EXPECT_TRUE(reader.is_beyond_limit());
            const auto response = std::move(reader).take();
            EXPECT_EQ(heard, body);
            EXPECT_EQ(response.body, "0123456789");
            EXPECT_TRUE(response.truncated);
            EXPECT_FALSE(response.broken_off);
        }
    }
}

TEST(ResponseReader, StopsAtTheLimitWhenTheTapHasHeardEnough)
{
    BodyTap tap = [](const HttpResponse&, std::string_view) { return Wants::nothing; };
    ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}, tap};
    EXPECT_EQ(*reader.feed(ok + "Content-Length: 100\r\n\r\n0123456789"), Step::more);
    EXPECT_EQ(*reader.feed("a"), Step::done);
    EXPECT_FALSE(reader.can_keep_connection());
    EXPECT_TRUE(std::move(reader).take().broken_off);
}

TEST(ResponseReader, ABodyThatBreaksOffBeyondTheLimitIsATruncatedOne)
{
    BodyTap tap = [](const HttpResponse&, std::string_view) { return Wants::more; };
    for (const auto* body : {"0123456789a", "0123456789"}) {
        ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}, tap};
        ASSERT_TRUE(reader.feed(ok + "Content-Length: 100\r\n\r\n" + body));
        EXPECT_EQ(reader.finish().has_value(), std::string_view{body}.size() > 10);
        EXPECT_TRUE(std::move(reader).take().broken_off);
    }
}

TEST(ResponseReader, ForgivesAStatusLineWithoutTheSpaceBehindItsCode)
{
    const std::string bytes =
        "HTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}};
        auto step = Step::more;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            const auto fed = reader.feed(std::string_view{bytes}.substr(at, piece));
            ASSERT_TRUE(fed) << fed.error().describe();
            step = *fed;
        }
        EXPECT_EQ(step, Step::done) << piece;
        EXPECT_TRUE(reader.can_keep_connection());
        const auto response = std::move(reader).take();
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(response.body, "{\"a\":1}");
    }
    // Its neighbours are still no HTTP.
    for (const std::string text :
         {"HTTP/1.1 20\r\n\r\n  ", "HTTP/1.1  200\r\n\r\n", "HTTP/1.x 200\r\n"}) {
        ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}};
        EXPECT_FALSE(reader.feed(text)) << text;
    }
    // What cannot become HTTP is not waited for.
    ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}};
    EXPECT_FALSE(reader.feed("SSH-2.0-x"));
}

TEST(ResponseReader, RefusesWhatIsNotHttp)
{
    const std::string rows[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/3.1 200 OK\r\n\r\n",
        ok + "Content-Length: x\r\n\r\n",
        ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        ok + "A: " + std::string(300, 'a') + "\r\n\r\n",
        ok + "A: " + std::string(300, 'a'),
        ok + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(300, 'a'),
    };
    for (const auto& bytes : rows) {
        ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}};
        const auto step = reader.feed(bytes);
        ASSERT_FALSE(step) << bytes;
        EXPECT_EQ(step.error().code(), Errc::unreachable) << bytes;
        EXPECT_FALSE(reader.can_keep_connection());
    }
}

TEST(ResponseReader, KnowsAnIncompleteAnswer)
{
    const std::string rows[] = {
        "",
        "HTTP/1.1 20",
        ok,
        ok + "Content-Length: 5\r\n\r\nhell",
        ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    };
    for (const auto& bytes : rows) {
        ResponseReader reader{Body::expected, {.header_bytes = 200, .body_bytes = 10}};
        const auto step = reader.feed(bytes);
        ASSERT_TRUE(step) << bytes;
        EXPECT_EQ(*step, Step::more) << bytes;
        const auto finished = reader.finish();
        ASSERT_FALSE(finished) << bytes;
        EXPECT_EQ(finished.error().code(), Errc::unreachable);
        EXPECT_EQ(reader.has_begun(), !bytes.empty());
    }
}

TEST(HttpResponse, FindsAHeaderWhateverItsCase)
{
    const HttpResponse response{.headers = {{"Content-Type", "a"}, {"content-type", "b"}}};
    EXPECT_EQ(response.header("CONTENT-TYPE"), "a");
    EXPECT_EQ(response.header("Content-Typ"), "");
}

}  // namespace
}  // namespace tailops::net
