#include "tests/unit/gateway/net/http_exchange.hpp"

#include <boost/asio/detached.hpp>

#include <atomic>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;

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
