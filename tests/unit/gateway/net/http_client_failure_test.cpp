#include "tests/unit/gateway/net/http_exchange.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <future>
#include <thread>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(HttpClientFailure, ReportsABrokenAnswer)
{
    struct Row {
        std::string_view what;
        std::string bytes;
    };
    const Row rows[] = {
        {"nothing", ""},
        {"half a header", "HTTP/1.1 200 OK\r\nContent-"},
        {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
        {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"},
        {"another protocol", "SSH-2.0-OpenSSH\r\n"},
    };
    for (const auto& row : rows) {
        ScriptedServer server{{[&](Peer& peer) {
            peer.read_request();
            peer.write(row.bytes);
        }}};
        const auto response = exchange(at(server));
        ASSERT_FALSE(response) << row.what;
        EXPECT_EQ(response.error().code(), Errc::unreachable) << row.what;
    }
}

TEST(HttpClientFailure, GivesUpAtTheDeadline)
{
    const std::string rows[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    for (const auto& bytes : rows) {
        std::promise<void> closed;
        ScriptedServer server{{[&](Peer& peer) {
            peer.read_request();
            peer.write(bytes);
            peer.wait_for_close();
            closed.set_value();
        }}};
        const auto trace = std::make_shared<ExchangeTrace>();
        const auto response = exchange(at(server), {.trace = trace}, {}, std::chrono::seconds{2});
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code(), Errc::deadline_exceeded);
        EXPECT_TRUE(trace->request_begun);
        closed.get_future().wait();
    }
}

TEST(HttpClientFailure, GivesUpAtADeadlineThatHasPassed)
{
    ScriptedServer server{{answers(answer(200, "x"))}};
    const auto response = exchange(at(server), {}, {}, -1s);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Errc::deadline_exceeded);
}

void cancel_one_exchange()
{
    std::promise<void> asked;
    std::promise<void> closed;
    ScriptedServer server{{[&](Peer& peer) {
        peer.read_request();
        asked.set_value();
        peer.wait_for_close();
        closed.set_value();
    }}};
    Runtime runtime{2, 1};
    const auto strand = asio::make_strand(runtime.io);
    asio::cancellation_signal signal;
    std::optional<Result<HttpResponse>> outcome;
    asio::co_spawn(
        strand,
        [&]() -> Task<Result<HttpResponse>> {
            const auto client = client_of(at(server));
            co_return co_await client->send(plain(), after(1h));
        },
        asio::bind_cancellation_slot(signal.slot(),
                                     [&](std::exception_ptr thrown, Result<HttpResponse> response) {
                                         EXPECT_FALSE(thrown);
                                         outcome = std::move(response);
                                     }));
    const std::jthread canceller{[&] {
        asked.get_future().wait();
        asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    }};
    runtime.run();
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code(), Errc::cancelled);
    closed.get_future().wait();
}

TEST(HttpClientFailure, ClosesTheConnectionWhenCancelled)
{
    // Often, because a cancellation meets the exchange inside an operation or between two.
    for (int round = 0; round < 50; ++round) cancel_one_exchange();
}

TEST(HttpClientFailure, SaysThatNobodyListens)
{
    std::uint16_t port = 0;
    {
        const ScriptedServer gone{std::vector<Script>{}};
        port = gone.port();
    }
    testing::TemporaryDirectory directory;
    const HttpEndpoint rows[] = {
        {.host = "127.0.0.1", .port = port},
        {.host = "no-such-host.invalid", .port = 80},
        {.socket_path = directory.file("missing")},
        {.socket_path = "/" + std::string(200, 'a')},
    };
    for (const auto& endpoint : rows) {
        const auto trace = std::make_shared<ExchangeTrace>();
        const auto response = exchange(endpoint, {.trace = trace});
        ASSERT_FALSE(response) << endpoint.host << endpoint.socket_path;
        EXPECT_EQ(response.error().code(), Errc::unreachable) << response.error().describe();
        EXPECT_FALSE(trace->request_begun);
    }
}

TEST(HttpClientFailure, NeverPutsTheServerInItsPublicMessage)
{
    const auto response = exchange({.host = "no-such-host.invalid", .port = 80});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().public_message().find("no-such-host"), std::string::npos);
    EXPECT_NE(response.error().describe().find("no-such-host"), std::string::npos);
}

}  // namespace
}  // namespace tailops::net
