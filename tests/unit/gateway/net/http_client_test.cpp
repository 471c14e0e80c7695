#include "gateway/net/http_client.hpp"

#include "tests/support/run.hpp"
#include "tests/support/scripted_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <future>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::answer;
using testing::answers;
using testing::Peer;
using testing::run;
using testing::Script;
using testing::ScriptedServer;

HttpEndpoint at(const ScriptedServer& server)
{
    return {.host = "127.0.0.1", .port = server.port()};
}

std::shared_ptr<HttpClient> client_of(HttpEndpoint endpoint, HttpClientOptions options = {})
{
    auto client = HttpClient::create(std::move(endpoint), std::move(options));
    if (!client) throw std::runtime_error{client.error().describe()};
    return *client;
}

/// One exchange with a client of its own.
Result<HttpResponse> exchange(HttpEndpoint endpoint,
                              HttpRequest request = {},
                              HttpClientOptions options = {},
                              std::chrono::milliseconds patience = 30s)
{
    return run([&](Runtime&) -> Task<Result<HttpResponse>> {
        const auto client = client_of(endpoint, options);
        co_return co_await client->send(request, after(patience));
    });
}

/// g++ 12 breaks braced temporaries inside a co_await expression; what a function returns is safe.
HttpRequest plain()
{
    return {};
}

void expect_body(const Result<HttpResponse>& response, std::string_view body)
{
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, body);
}

void expect_code(const Result<HttpResponse>& response, Errc code)
{
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), code) << response.error().describe();
}

TEST(HttpClient, ExchangesAMessage)
{
    std::string seen;
    ScriptedServer server{{[&](Peer& peer) {
        seen = peer.read_request();
        peer.write(answer(201, "made", "X-Kind: thing\r\n"));
    }}};
    const auto response =
        exchange(at(server), {.method = "POST", .target = "/things?x=1", .body = "body"});
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, "made");
    EXPECT_EQ(response->header("x-kind"), "thing");
    EXPECT_TRUE(seen.starts_with("POST /things?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")) << seen;
    EXPECT_TRUE(seen.ends_with("\r\n\r\nbody")) << seen;
}

TEST(HttpClient, ResolvesAName)
{
    ScriptedServer server{{answers(answer(200, "x"))}};
    const auto response = exchange({.host = "localhost", .port = server.port()});
    ASSERT_TRUE(response) << response.error().describe();
}

TEST(HttpClient, SpeaksOverAUnixSocket)
{
    testing::TemporaryDirectory directory;
    const auto path = directory.file("socket");
    ScriptedServer server{path, {answers(answer(200, "unix"))}};
    const auto response = exchange({.socket_path = path});
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, "unix");
}

TEST(HttpClient, DoesNotFollowARedirect)
{
    ScriptedServer server{{answers(answer(302, "", "Location: /elsewhere\r\n"), 2)}};
    const auto response = exchange(at(server));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 302);
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, UsesAKeptConnectionAgain)
{
    ScriptedServer server{{answers(answer(200, "x"), 3)}};
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(at(server));
        for (int i = 0; i < 3; ++i) {
            const auto response = co_await client->send(plain(), after(30s));
            EXPECT_TRUE(response.has_value());
        }
    });
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, ServesManyStrandsAtOnce)
{
    constexpr int callers = 8;
    constexpr int exchanges = 20;
    // The server speaks with one client at a time: it answers once and closes.
    std::vector<Script> scripts(callers * exchanges, [](Peer& peer) {
        peer.read_request();
        peer.write(answer(200, "x", "Connection: close\r\n"));
    });
    ScriptedServer server{std::move(scripts)};
    Runtime runtime{4, 1};
    const auto client = client_of(at(server));
    std::atomic<int> good{0};
    for (int i = 0; i < callers; ++i) {
        asio::co_spawn(
            asio::make_strand(runtime.io),
            [&]() -> Task<void> {
                for (int j = 0; j < exchanges; ++j) {
                    const auto response = co_await client->send(plain(), after(30s));
                    if (response && response->body == "x") ++good;
                }
            },
            asio::detached);
    }
    runtime.run();
    EXPECT_EQ(good, callers * exchanges);
}

/// Returns when the server has closed the connection it serves and begins its next script, which
/// closes the connection made here.
void wait_for_next_turn(const ScriptedServer& server)
{
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), server.port()});
    char byte{};
    boost::system::error_code ended;
    socket.read_some(asio::buffer(&byte, 1), ended);
}

TEST(HttpClient, DropsAKeptConnectionThatTheServerClosed)
{
    for (const bool repeatable : {true, false}) {
        ScriptedServer server{{[](Peer& peer) {
                                   peer.read_request();
                                   peer.write(answer(200, "first"));
                               },
                               [](Peer&) {},
                               [](Peer& peer) {
                                   peer.read_request();
                                   peer.write(answer(200, "second"));
                               }}};
        run([&](Runtime&) -> Task<void> {
            const auto client = client_of(at(server));
            auto response = co_await client->send(plain(), after(30s));
            EXPECT_TRUE(response.has_value());
            wait_for_next_turn(server);
            HttpRequest request{.method = "POST", .repeatable = repeatable};
            response = co_await client->send(std::move(request), after(30s));
            expect_body(response, "second");
        });
    }
}

/// Answers the first request of a connection and closes on the second without an answer.
void answer_once_then_drop(Peer& peer)
{
    peer.read_request();
    peer.write(answer(200, "first"));
    peer.read_request();
}

TEST(HttpClient, RepeatsOnAFreshConnectionOnlyWhatMayBeRepeated)
{
    struct Row {
        bool repeatable;
        bool succeeds;
    };
    for (const auto row : {Row{true, true}, Row{false, false}}) {
        ScriptedServer server{{answer_once_then_drop, answers(answer(200, "second"))}};
        run([&](Runtime&) -> Task<void> {
            const auto client = client_of(at(server));
            (void)co_await client->send(plain(), after(30s));
            const auto trace = std::make_shared<ExchangeTrace>();
            HttpRequest request{.repeatable = row.repeatable, .trace = trace};
            const auto response = co_await client->send(std::move(request), after(30s));
            EXPECT_TRUE(trace->request_begun);
            if (row.succeeds) {
                expect_body(response, "second");
            } else {
                expect_code(response, Errc::unreachable);
            }
        });
    }
}

TEST(HttpClient, RepeatsOnlyOnce)
{
    ScriptedServer server{{answer_once_then_drop, [](Peer& peer) { peer.read_request(); },
                           answers(answer(200, "third"))}};
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(at(server));
        (void)co_await client->send(plain(), after(30s));
        const auto response = co_await client->send(plain(), after(30s));
        EXPECT_FALSE(response.has_value());
    });
    EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, DoesNotRepeatOnceAnAnswerHasBegun)
{
    ScriptedServer server{{[](Peer& peer) {
                               peer.read_request();
                               peer.write(answer(200, "first"));
                               peer.read_request();
                               peer.write("HTTP/1.1 200 OK\r\nContent-Le");
                           },
                           answers(answer(200, "second"))}};
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(at(server));
        (void)co_await client->send(plain(), after(30s));
        const auto response = co_await client->send(plain(), after(30s));
        expect_code(response, Errc::unreachable);
    });
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, StopsReadingAtTheLimitAndDropsTheConnection)
{
    std::promise<void> dropped;
    ScriptedServer server{{[&](Peer& peer) {
                               peer.read_request();
                               peer.write("HTTP/1.1 200 OK\r\n\r\n");
                               // Endless: ends only because the client goes.
                               while (peer.write(std::string(4096, 'x'))) {
                               }
                               dropped.set_value();
                           },
                           answers(answer(200, "next"))}};
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(at(server));
        HttpRequest request{.body_limit_bytes = 10'000};
        auto response = co_await client->send(std::move(request), after(30s));
        EXPECT_TRUE(response.has_value());
        if (response) {
            EXPECT_TRUE(response->truncated);
            EXPECT_EQ(response->body, std::string(10'000, 'x'));
        }
        response = co_await client->send(plain(), after(30s));
        expect_body(response, "next");
    });
    dropped.get_future().wait();
}

TEST(HttpClient, ReportsABrokenAnswer)
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

TEST(HttpClient, GivesUpAtTheDeadline)
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
        const auto response = exchange(at(server), {.trace = trace}, {}, 50ms);
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code(), Errc::deadline_exceeded);
        EXPECT_TRUE(trace->request_begun);
        closed.get_future().wait();
    }
}

TEST(HttpClient, GivesUpAtADeadlineThatHasPassed)
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

TEST(HttpClient, ClosesTheConnectionWhenCancelled)
{
    // Often, because a cancellation meets the exchange inside an operation or between two.
    for (int round = 0; round < 50; ++round) cancel_one_exchange();
}

TEST(HttpClient, SaysThatNobodyListens)
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

TEST(HttpClient, NeverPutsTheServerInItsPublicMessage)
{
    const auto response = exchange({.host = "no-such-host.invalid", .port = 80});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().public_message().find("no-such-host"), std::string::npos);
    EXPECT_NE(response.error().describe().find("no-such-host"), std::string::npos);
}

TEST(HttpClient, RefusesAHeaderThatWouldSplitTheMessage)
{
    ScriptedServer server{{answers(answer(200, "x"))}};
    const auto response = exchange(at(server), {.headers = {{"A", "b\r\nC: d"}}});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Errc::invalid_argument);
    EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, ReadsAnAnswerThatComesBeforeTheRequestIsSent)
{
    // The server refuses after the header of a large upload and closes.
    ScriptedServer server{{[](Peer& peer) {
        peer.read_some();
        peer.write(answer(413, "too large", "Connection: close\r\n"));
        peer.wait_for_close();
    }}};
    const auto response =
        exchange(at(server), {.method = "POST", .body = std::string(1 << 20, 'x')});
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->status, 413);
}

}  // namespace
}  // namespace tailops::net
