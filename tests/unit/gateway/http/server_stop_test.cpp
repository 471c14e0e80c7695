#include "tests/unit/gateway/http/served.hpp"

#include <boost/asio/steady_timer.hpp>

namespace tailops::http {
namespace {
using namespace testing;

ServerSettings with_grace(std::chrono::seconds grace)
{
    ServerSettings settings;
    settings.limits.stop_grace = grace;
    return settings;
}

Task<void> sleep_until_cancelled()
{
    boost::asio::steady_timer never{co_await boost::asio::this_coro::executor,
                                    std::chrono::steady_clock::time_point::max()};
    co_await never.async_wait(boost::asio::use_awaitable);
}

TEST(ServerStop, AnswersAClientWhoseCallIsNotToBeInterrupted)
{
    std::promise<void> started;
    Served served{[&started](Request request, Exchange& exchange) -> Task<void> {
                      started.set_value();
                      co_await boost::asio::this_coro::reset_cancellation_state(
                          boost::asio::disable_cancellation());
                      // Longer than what is left to an answer that nobody takes.
                      boost::asio::steady_timer work{co_await boost::asio::this_coro::executor, 2s};
                      co_await work.async_wait(boost::asio::use_awaitable);
                      co_await echo(std::move(request), exchange);
                  },
                  with_grace(0s)};
    auto client = served.client();
    client.send(get("/late"));
    started.get_future().wait();
    auto stopped = served.stop();
    EXPECT_EQ(client.response().body, "GET /late? []");
    EXPECT_EQ(stopped.wait_for(30s), std::future_status::ready);
}

TEST(ServerStop, ClosesIdleConnectionsAndTakesNoNewOnes)
{
    Served served{echo};
    auto client = served.client();
    EXPECT_EQ(client.ask(get("/")).status, 200);
    const auto port = served.port();
    EXPECT_EQ(served.stop().wait_for(60s), std::future_status::ready);
    EXPECT_TRUE(client.is_closed());

    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_NE(::connect(probe, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    ::close(probe);
}

TEST(ServerStop, LetsACallFinishWithinTheGrace)
{
    std::promise<void> started;
    std::promise<void> go;
    auto released = go.get_future().share();
    Served served{[&, released](Request request, Exchange& exchange) -> Task<void> {
                      started.set_value();
                      boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
                      while (released.wait_for(0s) != std::future_status::ready) {
                          tick.expires_after(1ms);
                          co_await tick.async_wait(boost::asio::use_awaitable);
                      }
                      co_await echo(std::move(request), exchange);
                  },
                  with_grace(60s)};
    auto client = served.client();
    client.send(get("/"));
    started.get_future().wait();
    auto stopped = served.stop();
    EXPECT_NE(stopped.wait_for(50ms), std::future_status::ready);
    go.set_value();
    const auto answer = client.response();
    EXPECT_EQ(answer.body, "GET /? []");
    EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.is_closed());
    client.close();
    EXPECT_EQ(stopped.wait_for(60s), std::future_status::ready);
}

TEST(ServerStop, CancelsACallAfterTheGraceAndSaysSo)
{
    std::promise<void> started;
    Served served{[&](Request, Exchange&) -> Task<void> {
                      started.set_value();
                      co_await sleep_until_cancelled();
                  },
                  with_grace(1s)};
    auto client = served.client();
    client.send(get("/mcp"));
    started.get_future().wait();
    auto stopped = served.stop();
    const auto answer = client.response();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, R"({"error":"the gateway is stopping"})");
    client.close();
    EXPECT_EQ(stopped.wait_for(60s), std::future_status::ready);
}

TEST(ServerStop, CutsOffARequestThatNeverArrivesAndAStreamThatIsNotRead)
{
    std::promise<void> started;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
                      co_await exchange.begin_events({});
                      started.set_value();
                      const std::string data(10'000, 'd');
                      for (;;) {
                          auto sent = co_await exchange.event("", data);
                          if (!sent) co_return;
                      }
                  },
                  with_grace(1s)};
    auto half = served.client();
    half.send("POST /mcp HTTP/1.1\r\nHost: loc");
    RawClient deaf{served.port(), 4096};
    deaf.send(get("/"));
    started.get_future().wait();
    EXPECT_EQ(served.stop().wait_for(60s), std::future_status::ready);
}

TEST(ServerStop, WaitsForAHandlerThatEndsLate)
{
    std::promise<void> started;
    std::promise<void> ended;
    Served served{[&](Request, Exchange&) -> Task<void> {
                      started.set_value();
                      co_await boost::asio::this_coro::throw_if_cancelled(false);
                      try {
                          co_await sleep_until_cancelled();
                      } catch (const boost::system::system_error&) {
                      }
                      co_await boost::asio::this_coro::reset_cancellation_state(
                          boost::asio::disable_cancellation());
                      boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor,
                                                     100ms};
                      co_await tick.async_wait(boost::asio::use_awaitable);
                      ended.set_value();
                  },
                  with_grace(0s)};
    auto client = served.client();
    client.send(get("/"));
    started.get_future().wait();
    EXPECT_EQ(served.stop().wait_for(60s), std::future_status::ready);
    EXPECT_EQ(ended.get_future().wait_for(0s), std::future_status::ready);
}

TEST(ServerStop, LeavesNothingBehindWhenTheLoopEndsFirst)
{
    // Under a leak checker: a connection that waits when its io_context goes away is dropped.
    Runtime runtime{1, 1};
    ServerSettings settings;
    settings.listen = {{"127.0.0.1", 0}};
    auto server = Server::start(runtime.io.get_executor(), settings,
                                [](Request, Exchange&) { return sleep_until_cancelled(); });
    ASSERT_TRUE(server);
    RawClient idle{(*server)->endpoints().front().port()};
    RawClient busy{(*server)->endpoints().front().port()};
    busy.send(get("/"));
    runtime.io.run_for(100ms);
}

TEST(ServerStart, NamesAnAddressThatCannotBeUsed)
{
    Served taken{echo};
    boost::asio::io_context io;
    struct Row {
        ListenAddress where;
        std::string message;
    };
    for (const auto& row :
         {Row{{"127.0.0.1", taken.port()}, "cannot listen on 127.0.0.1:"},
          Row{{"example.com", 0},
              R"(the listen address "example.com" is neither an IP address nor "localhost")"}}) {
        ServerSettings settings;
        settings.listen = {row.where};
        const auto server = Server::start(io.get_executor(), settings, echo);
        ASSERT_FALSE(server);
        EXPECT_EQ(server.error().code(), Errc::invalid_argument);
        EXPECT_TRUE(server.error().public_message().starts_with(row.message))
            << server.error().public_message();
    }
}

TEST(ServerStart, ListensOnSeveralAddresses)
{
    boost::asio::io_context io;
    ServerSettings settings;
    settings.listen = {{"localhost", 0}, {"127.0.0.2", 0}};
    const auto server = Server::start(io.get_executor(), settings, echo);
    ASSERT_TRUE(server);
    const auto endpoints = (*server)->endpoints();
    ASSERT_GE(endpoints.size(), 2U);
    EXPECT_EQ(endpoints.front().address().to_string(), "127.0.0.1");
    EXPECT_EQ(endpoints.back().address().to_string(), "127.0.0.2");
}

}  // namespace
}  // namespace tailops::http
