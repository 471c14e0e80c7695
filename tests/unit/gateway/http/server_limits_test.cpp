#include "tests/unit/gateway/http/served.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>

namespace tailops::http {
namespace {
using namespace testing;

ServerSettings with(void (*change)(http::Limits&))
{
    ServerSettings settings;
    change(settings.limits);
    return settings;
}

Task<void> sleep_until_cancelled()
{
    boost::asio::steady_timer never{co_await boost::asio::this_coro::executor,
                                    std::chrono::steady_clock::time_point::max()};
    co_await never.async_wait(boost::asio::use_awaitable);
}

TEST(ServerLimits, AnswersALargeHeadWith431)
{
    Served served{echo, with([](auto& limits) { limits.header_bytes = 1000; })};
    auto fits = served.client();
    EXPECT_EQ(fits.ask(get("/", "X: " + std::string(900, 'x') + "\r\n")).status, 200);
    auto ends = served.client();
    EXPECT_EQ(ends.ask(get("/", "X: " + std::string(2000, 'x') + "\r\n")).status, 431);
    auto endless = served.client();
    EXPECT_EQ(endless.ask("GET /" + std::string(5000, 'x')).status, 431);
    EXPECT_TRUE(endless.is_closed());
    std::string many;
    for (int i = 0; i < 200; ++i) many += "A:\r\n";
    auto numerous = served.client();
    EXPECT_EQ(numerous.ask(get("/", many)).status, 431);
}

TEST(ServerLimits, AnswersALargeBodyWith413)
{
    Served served{echo, with([](auto& limits) { limits.body_bytes = 100; })};
    auto fits = served.client();
    EXPECT_EQ(fits.ask(post("/", std::string(100, 'x'))).status, 200);
    // By its length at once: the body is never sent.
    auto claims = served.client();
    EXPECT_EQ(claims
                  .ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n"
                       "Expect: 100-continue\r\n\r\n")
                  .status,
              413);
    EXPECT_TRUE(claims.is_closed());
    auto huge = served.client();
    EXPECT_EQ(huge.ask("POST / HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Length: 18446744073709551615\r\n\r\n")
                  .status,
              413);
    // In chunks while it is read, whether by many or by a claim.
    const std::string chunked =
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    auto many = served.client();
    std::string chunks;
    for (int i = 0; i < 30; ++i) chunks += "4\r\nabcd\r\n";
    EXPECT_EQ(many.ask(chunked + chunks).status, 413);
    EXPECT_TRUE(many.is_closed());
    auto one = served.client();
    EXPECT_EQ(one.ask(chunked + "ffffff\r\n").status, 413);
}

/// The head of a request whose body does not follow.
std::string head_of_post(std::string_view path, std::size_t length)
{
    return "POST " + std::string{path} +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Who is refused for what its headers say has not sent its body, and shall not.
TEST(ServerLimits, AnswersBeforeABodyThatNobodyWantsAndCloses)
{
    Served served{[](Request request, Exchange& exchange) -> Task<void> {
        co_await exchange.reply(text_reply("no, " + request.path));
    }};
    auto held_back = served.client();
    const auto refused = held_back.ask(head_of_post("/a", 4'000'000));
    EXPECT_EQ(refused.body, "no, /a");
    EXPECT_NE(refused.head.find("Connection: close\r\n"), std::string::npos);
    held_back.end_sending();
    EXPECT_TRUE(held_back.is_closed());
    // Half of it is no whole, and neither is a chunk.
    auto begun = served.client();
    EXPECT_EQ(begun.ask(head_of_post("/b", 10) + "half").body, "no, /b");
    begun.end_sending();
    EXPECT_TRUE(begun.is_closed());
    auto chunked = served.client();
    EXPECT_EQ(
        chunked.ask("POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            .body,
        "no, /c");
    chunked.end_sending();
    EXPECT_TRUE(chunked.is_closed());
    // One that came with its head costs no connection, and is not taken for the next request.
    auto whole = served.client();
    EXPECT_EQ(whole.ask(post("/d", get("/smuggled"))).body, "no, /d");
    EXPECT_EQ(whole.ask(get("/e")).body, "no, /e");
    // No body is invited that nobody wants.
    auto polite = served.client();
    EXPECT_EQ(polite
                  .ask("POST /f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                       "Expect: 100-continue\r\n\r\n")
                  .body,
              "no, /f");
}

TEST(ServerLimits, BoundsTheBodiesThatAreHeldAtOnce)
{
    std::promise<void> read;
    std::promise<void> release;
    auto released = release.get_future().share();
    Served served{[&, released](Request request, Exchange& exchange) -> Task<void> {
                      if (request.path != "/held") {
                          co_await echo(std::move(request), exchange);
                          co_return;
                      }
                      (void)co_await request.body->whole();
                      read.set_value();
                      boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
                      while (released.wait_for(0s) != std::future_status::ready) {
                          tick.expires_after(1ms);
                          co_await tick.async_wait(boost::asio::use_awaitable);
                      }
                      co_await exchange.reply(text_reply("done"));
                  },
                  with([](auto& limits) {
                      limits.body_bytes = 100'000;
                      limits.bodies_bytes_per_peer = 100'000;
                  })};
    auto holds = served.client();
    holds.send(post("/held", std::string(60'000, 'x')));
    read.get_future().wait();
    auto large = served.client();
    large.send(post("/", std::string(60'000, 'y')));
    const auto refused = large.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos);
    auto small = served.client();
    EXPECT_EQ(small.ask(post("/", std::string(1000, 'y'))).status, 200);
    release.set_value();
    EXPECT_EQ(holds.response().body, "done");
    // It is given back before the next request of that connection is read, and what the refused one
    // held was before it was answered. The small one may still have its 1000.
    EXPECT_EQ(holds.ask(post("/", std::string(99'000, 'y'))).status, 200);
}

TEST(ServerLimits, EndsASlowHeadWith408)
{
    Served served{echo, with([](auto& limits) { limits.header_read_timeout = 1s; })};
    auto client = served.client();
    client.send("GET / HTTP/1.1\r\nHost: loc");
    EXPECT_EQ(client.response().status, 408);
    EXPECT_TRUE(client.is_closed());
}

TEST(ServerLimits, EndsASlowBodyWith408)
{
    Served served{echo, with([](auto& limits) { limits.body_read_timeout = 1s; })};
    auto sized = served.client();
    sized.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    auto chunked = served.client();
    chunked.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
    EXPECT_EQ(sized.response().status, 408);
    EXPECT_EQ(chunked.response().status, 408);
    EXPECT_TRUE(sized.is_closed());
}

TEST(ServerLimits, ClosesAnIdleConnectionWithoutAWord)
{
    Served served{echo, with([](auto& limits) { limits.idle_timeout = 5s; })};
    auto silent = served.client();
    auto used = served.client();
    EXPECT_EQ(used.ask(get("/")).status, 200);
    EXPECT_TRUE(silent.is_closed());
    EXPECT_TRUE(used.is_closed());
}

TEST(ServerLimits, TurnsAwayConnectionsAboveTheBoundAndTakesThemAgainLater)
{
    Served served{echo, with([](auto& limits) { limits.connections = 3; })};
    std::vector<std::unique_ptr<RawClient>> seated;
    for (int i = 0; i < 3; ++i) {
        seated.push_back(std::make_unique<RawClient>(served.port()));
        EXPECT_EQ(seated.back()->ask(get("/")).status, 200);
    }
    for (int i = 0; i < 5; ++i) {
        auto turned_away = served.client();
        EXPECT_EQ(turned_away.response().status, 503);
        EXPECT_TRUE(turned_away.is_closed());
    }
    EXPECT_EQ(seated[2]->ask(get("/", "Connection: close\r\n")).status, 200);
    EXPECT_TRUE(seated[2]->is_closed());
    // The seat is free once the server has seen the close: ask until it has.
    seated[2]->close();
    int status = 503;
    for (int i = 0; i < 1000 && status == 503; ++i) {
        auto next = served.client();
        status = next.ask(get("/")).status;
    }
    EXPECT_EQ(status, 200);
}

TEST(ServerLimits, BoundsTheConnectionsOfOneAddress)
{
    Served served{echo, with([](auto& limits) { limits.connections_per_peer = 1; })};
    auto first = served.client();
    EXPECT_EQ(first.ask(get("/")).status, 200);
    auto second = served.client();
    EXPECT_EQ(second.response().status, 503);
}

TEST(ServerLimits, CancelsTheHandlerOfAClientThatHangsUp)
{
    std::promise<void> started;
    std::promise<void> cancelled;
    Served served{[&](Request, Exchange&) -> Task<void> {
        started.set_value();
        try {
            co_await sleep_until_cancelled();
        } catch (const boost::system::system_error&) {
            cancelled.set_value();
            throw;
        }
    }};
    auto client = served.client();
    client.send(get("/"));
    started.get_future().wait();
    client.close();
    EXPECT_EQ(cancelled.get_future().wait_for(60s), std::future_status::ready);
}

TEST(ServerLimits, CancelsTheHandlerOfAClientThatResets)
{
    std::promise<void> started;
    std::promise<void> cancelled;
    Served served{[&](Request, Exchange&) -> Task<void> {
        started.set_value();
        try {
            co_await sleep_until_cancelled();
        } catch (const boost::system::system_error&) {
            cancelled.set_value();
        }
    }};
    auto client = served.client();
    client.send(post("/", "x"));
    started.get_future().wait();
    client.reset();
    EXPECT_EQ(cancelled.get_future().wait_for(60s), std::future_status::ready);
}

TEST(ServerLimits, AHalfClosedClientCountsAsGoneButGetsTheReplyThatIsStillMade)
{
    std::promise<void> started;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
        started.set_value();
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        try {
            co_await sleep_until_cancelled();
        } catch (const boost::system::system_error&) {
        }
        co_await exchange.reply(text_reply("cancelled, but here it is"));
    }};
    auto client = served.client();
    client.send(get("/"));
    started.get_future().wait();
    client.end_sending();
    EXPECT_EQ(client.response().body, "cancelled, but here it is");
    EXPECT_TRUE(client.is_closed());
}

TEST(ServerLimits, APipelinedRequestIsNoHangUp)
{
    std::atomic<int> calls{0};
    std::promise<void> second_sent;
    auto sent = second_sent.get_future().share();
    Served served{[&, sent](Request request, Exchange& exchange) -> Task<void> {
        if (++calls == 1) {
            boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
            while (sent.wait_for(0s) != std::future_status::ready) {
                tick.expires_after(1ms);
                co_await tick.async_wait(boost::asio::use_awaitable);
            }
        }
        co_await echo(std::move(request), exchange);
    }};
    auto client = served.client();
    client.send(get("/1"));
    client.send(get("/2") + get("/3"));
    second_sent.set_value();
    EXPECT_EQ(client.response().body, "GET /1? []");
    EXPECT_EQ(client.response().body, "GET /2? []");
    EXPECT_EQ(client.response().body, "GET /3? []");
}

TEST(ServerLimits, CutsOffAClientThatDoesNotReadItsReply)
{
    std::promise<Errc> outcome;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
                      auto sent = co_await exchange.reply(text_reply(std::string(64 << 20, 'x')));
                      outcome.set_value(sent ? Errc::internal : sent.error().code());
                  },
                  with([](auto& limits) { limits.write_stall_timeout = 1s; })};
    RawClient client{served.port(), 4096};
    client.send(get("/"));
    EXPECT_EQ(outcome.get_future().get(), Errc::deadline_exceeded);
}

}  // namespace
}  // namespace tailops::http
