#include "tests/unit/gateway/net/http_exchange.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <future>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(HttpClientReuse, UsesAKeptConnectionAgain)
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

TEST(HttpClientReuse, DropsAKeptConnectionThatTheServerClosed)
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

TEST(HttpClientReuse, RepeatsOnAFreshConnectionOnlyWhatMayBeRepeated)
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

TEST(HttpClientReuse, RepeatsOnlyOnce)
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

TEST(HttpClientReuse, DoesNotRepeatOnceAnAnswerHasBegun)
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

TEST(HttpClientReuse, StopsReadingAtTheLimitAndDropsTheConnection)
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

}  // namespace
}  // namespace tailops::net
