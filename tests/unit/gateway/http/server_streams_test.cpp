#include "tests/unit/gateway/http/served.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TAILOPS_SANITIZED_HEAP
#endif
#endif
#ifdef TAILOPS_SANITIZED_HEAP
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

/// Bodies that go through in pieces, both ways.
namespace tailops::http {
namespace {

using testing::Served;

constexpr std::uint64_t gigabyte = 1'000'000'000;
constexpr std::size_t heap_growth_max = 4 * 1024 * 1024;

std::size_t live_heap_bytes()
{
#ifdef TAILOPS_SANITIZED_HEAP
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

/// Takes the body in pieces and answers what it came to.
Task<void> count_pieces(Request request, Exchange& exchange)
{
    std::uint64_t bytes = 0;
    std::size_t largest = 0;
    const auto heap = live_heap_bytes();
    std::size_t grown = 0;
    for (;;) {
        const auto piece = co_await request.body->next();
        if (!piece) co_return;
        if (piece->empty()) break;
        bytes += piece->size();
        largest = std::max(largest, piece->size());
        const auto now = live_heap_bytes();
        grown = std::max(grown, now > heap ? now - heap : 0);
    }
    EXPECT_LE(largest, RequestBody::piece_bytes_max);
    EXPECT_LT(grown, heap_growth_max);
    Reply reply;
    reply.body = std::to_string(bytes);
    co_await exchange.reply(std::move(reply));
}

/// Answers with as many bytes as the query says, in pieces of 50,000; with their number or without.
Task<void> send_pieces(Request request, Exchange& exchange)
{
    auto left = std::stoull(request.query);
    const auto length =
        request.path == "/sized" ? std::optional<std::uint64_t>{left} : std::nullopt;
    Headers headers{{"Content-Type", "application/octet-stream"}};
    auto begun = co_await exchange.begin_body(200, std::move(headers), length);
    const auto heap = live_heap_bytes();
    std::size_t grown = 0;
    const std::string piece(50'000, 'p');
    while (begun && left > 0) {
        const auto part = std::string_view{piece}.substr(0, left);
        begun = co_await exchange.write(part);
        left -= part.size();
        const auto now = live_heap_bytes();
        grown = std::max(grown, now > heap ? now - heap : 0);
    }
    EXPECT_LT(grown, heap_growth_max);
}

std::string upload_head(std::uint64_t bytes)
{
    return "POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes) +
           "\r\n\r\n";
}

/// Sends `bytes` bytes of nothing in particular.
void send_bytes(testing::RawClient& client, std::uint64_t bytes)
{
    const std::string piece(256 * 1024, 'u');
    while (bytes > 0) {
        const auto part = std::string_view{piece}.substr(0, bytes);
        client.send(part);
        bytes -= part.size();
    }
}

std::string chunked_body(testing::RawClient& client)
{
    std::string body;
    for (;;) {
        const auto size = std::stoul(client.until("\r\n"), nullptr, 16);
        body += client.exactly(size);
        EXPECT_EQ(client.exactly(2), "\r\n");
        if (size == 0) return body;
    }
}

TEST(ServerStreams, TakeAGigabyteInTheMemoryOfAPiece)
{
    Served served{count_pieces};
    auto client = served.client();
    client.send(upload_head(gigabyte));
    send_bytes(client, gigabyte);
    EXPECT_EQ(client.response().body, std::to_string(gigabyte));
    // The connection goes on behind it.
    EXPECT_EQ(client.ask(upload_head(0)).body, "0");
}

TEST(ServerStreams, SendAGigabyteInTheMemoryOfAPiece)
{
    Served served{send_pieces};
    auto client = served.client();
    client.send("GET /sized?" + std::to_string(gigabyte) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = client.until("\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 1000000000\r\n"), std::string::npos) << head;
    EXPECT_EQ(client.discard(gigabyte), gigabyte);
    EXPECT_EQ(client.ask("GET /sized?3 HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "ppp");
}

TEST(ServerStreams, TakeChunksOfAnySizeInPieces)
{
    Served served{count_pieces};
    auto client = served.client();
    client.send("POST /up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::uint64_t sent = 0;
    for (const std::size_t size : {1, 2, 16'384, 65'535, 65'536, 65'537, 1'000'000}) {
        char line[32];
        std::snprintf(line, sizeof line, "%zx\r\n", size);
        client.send(line + std::string(size, 'c') + "\r\n");
        sent += size;
    }
    client.send("0\r\nX-Trailer: gone\r\n\r\n");
    EXPECT_EQ(client.response().body, std::to_string(sent));
    EXPECT_EQ(client.ask(upload_head(0)).body, "0");
}

TEST(ServerStreams, TakeABodyThatCameWithItsHead)
{
    Served served{count_pieces};
    auto client = served.client();
    EXPECT_EQ(client.ask(upload_head(7) + "1234567" + upload_head(0)).body, "7");
    EXPECT_EQ(client.response().body, "0");
}

TEST(ServerStreams, InviteABodyOnceItIsWanted)
{
    Served served{count_pieces};
    auto client = served.client();
    client.send(
        "POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: "
        "100-continue\r\n\r\n");
    EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_EQ(client.response().body, "3");
}

TEST(ServerStreams, RefuseAMalformedChunkInTheMiddle)
{
    Served served{count_pieces};
    auto client = served.client();
    client.send(
        "POST /up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\nnonsense\r\n");
    EXPECT_EQ(client.response().status, 400);
    EXPECT_TRUE(client.is_closed());
}

TEST(ServerStreams, TellTheHandlerOfAClientThatLeavesInTheMiddle)
{
    std::promise<void> begun;
    std::promise<bool> had;
    Served served{[&](Request request, Exchange&) -> Task<void> {
        auto piece = co_await request.body->next();
        begun.set_value();
        while (piece && !piece->empty()) piece = co_await request.body->next();
        had.set_value(piece.has_value());
    }};
    auto client = served.client();
    client.send(upload_head(100'000) + std::string(1000, 'x'));
    begun.get_future().wait();
    client.reset();
    EXPECT_FALSE(had.get_future().get()) << "a body that broke off is not taken for a whole one";
}

TEST(ServerStreams, SendInChunksWhereTheLengthIsNotKnown)
{
    Served served{send_pieces};
    auto client = served.client();
    for (const std::size_t bytes : {120'000, 0}) {
        client.send("GET /?" + std::to_string(bytes) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const auto head = client.until("\r\n\r\n");
        EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
        EXPECT_EQ(chunked_body(client), std::string(bytes, 'p'));
    }
    // A client without chunks reads to the end of the connection.
    auto old = served.client();
    old.send("GET /?100000 HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(old.until("\r\n\r\n").find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(old.discard(200'000), 100'000U);
    EXPECT_TRUE(old.is_closed());
}

TEST(ServerStreams, SendNoBodyToHead)
{
    Served served{send_pieces};
    auto client = served.client();
    client.send("HEAD /sized?100000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(client.until("\r\n\r\n").find("Content-Length: 100000\r\n"), std::string::npos);
    client.send("GET /sized?2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.response().body, "pp");
}

TEST(ServerStreams, BreakOffABodyThatIsShorterThanAnnounced)
{
    Served served{[](Request request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_body(200, {}, 10);
        co_await exchange.write("short");
        if (request.path == "/long") {
            EXPECT_FALSE(co_await exchange.write("and too long"));
        }
        EXPECT_FALSE(co_await exchange.reply({}));
    }};
    for (const auto* path : {"/short", "/long"}) {
        auto client = served.client();
        client.send(testing::get(path));
        client.until("\r\n\r\n");
        EXPECT_EQ(client.discard(100), 5U);
        EXPECT_TRUE(client.is_closed());
    }
}

TEST(ServerStreams, EndWithAHandlerThatFails)
{
    Served served{[](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_body(200, {}, std::nullopt);
        co_await exchange.write("half");
        throw std::runtime_error{"a bug"};
    }};
    auto client = served.client();
    client.send(testing::get("/"));
    client.until("\r\n\r\n");
    EXPECT_EQ(client.until("never"), "4\r\nhalf\r\n") << "without the last chunk";
}

TEST(ServerStreams, EchoWhileItComes)
{
    Served served{[](Request request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_body(200, {}, std::nullopt);
        for (;;) {
            const auto piece = co_await request.body->next();
            if (!piece || piece->empty()) break;
            if (!co_await exchange.write(*piece)) break;
        }
    }};
    auto client = served.client();
    client.send(upload_head(6) + "abc");
    const auto head = client.until("\r\n\r\n");
    EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos)
        << "what comes before the body was read is the last answer";
    EXPECT_EQ(client.until("abc\r\n"), "3\r\nabc\r\n");
    client.send("def");
    EXPECT_EQ(client.until("0\r\n\r\n"), "3\r\ndef\r\n0\r\n\r\n");
    EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace tailops::http
