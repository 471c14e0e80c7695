#include "tests/unit/gateway/http/served.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tailops::http {
namespace {
using namespace testing;

/// Undoes the chunks of a stream; empty `rest` means that the last chunk was there.
std::string unchunked(std::string_view text)
{
    std::string body;
    while (!text.empty()) {
        const auto size = std::strtoul(std::string{text.substr(0, 16)}.c_str(), nullptr, 16);
        text.remove_prefix(std::min(text.find("\r\n") + 2, text.size()));
        if (size == 0) return body + "<end>";
        body += text.substr(0, size);
        text.remove_prefix(std::min(size + 2, text.size()));
    }
    return body + "<broken>";
}

TEST(ServerEvents, FramesEventsAndKeepsTheConnection)
{
    Served served{[](Request request, Exchange& exchange) -> Task<void> {
        if (request.path != "/events") {
            co_await echo(std::move(request), exchange);
            co_return;
        }
        Headers extra;
        extra.emplace_back("Mcp-Session-Id", "s1");
        EXPECT_TRUE(co_await exchange.begin_events(std::move(extra)));
        EXPECT_TRUE(co_await exchange.event("s1::0", ""));
        EXPECT_TRUE(co_await exchange.event("", R"({"a":1})"));
        EXPECT_TRUE(co_await exchange.keep_alive());
        EXPECT_TRUE(co_await exchange.event("two\nlines", "x\ny\r\nz"));
    }};
    auto client = served.client();
    client.send(get("/events"));
    const auto head = client.until("\r\n\r\n");
    for (const auto* line :
         {"HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n",
          "Transfer-Encoding: chunked\r\n", "X-Accel-Buffering: no\r\n",
          "Cache-Control: no-cache, no-transform\r\n", "Mcp-Session-Id: s1\r\n"}) {
        EXPECT_NE(head.find(line), std::string::npos) << line;
    }
    EXPECT_EQ(unchunked(client.until("\r\n0\r\n\r\n")),
              "id: s1::0\ndata: \n\n"
              "data: {\"a\":1}\n\n"
              ": keepalive\n\n"
              "data: x\ndata: y\ndata: z\n\n<end>");
    EXPECT_EQ(client.ask(get("/next")).body, "GET /next? []");
}

TEST(ServerEvents, SendsAnEventBeforeTheNextOneIsThere)
{
    std::promise<void> read;
    auto was_read = read.get_future().share();
    Served served{[was_read](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_events({});
        co_await exchange.event("", "first");
        boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
        while (was_read.wait_for(0s) != std::future_status::ready) {
            tick.expires_after(1ms);
            co_await tick.async_wait(boost::asio::use_awaitable);
        }
        co_await exchange.event("", "second");
    }};
    auto client = served.client();
    client.send(get("/"));
    client.until("data: first\n\n");
    read.set_value();
    EXPECT_NE(client.until("\r\n0\r\n\r\n").find("data: second\n\n"), std::string::npos);
}

TEST(ServerEvents, EndsAnHttp10StreamByClosing)
{
    Served served{[](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_events({});
        co_await exchange.event("", "x");
    }};
    auto client = served.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    const auto all = client.until_closed();
    EXPECT_EQ(all.find("chunked"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\ndata: x\n\n")) << all;
}

TEST(ServerEvents, DeliversManyEventsInOrder)
{
    constexpr int count = 50'000;
    Served served{[](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_events({});
        for (int i = 0; i < count; ++i) {
            auto sent = co_await exchange.event("", std::to_string(i));
            if (!sent) co_return;
        }
    }};
    auto client = served.client();
    client.send(get("/"));
    client.until("\r\n\r\n");
    std::string expected;
    for (int i = 0; i < count; ++i) expected += "data: " + std::to_string(i) + "\n\n";
    EXPECT_EQ(unchunked(client.until("\r\n0\r\n\r\n")), expected + "<end>");
}

TEST(ServerEvents, BreaksTheStreamOffWhenTheHandlerThrows)
{
    Served served{[](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.begin_events({});
        co_await exchange.event("", "x");
        throw std::runtime_error{"bug"};
    }};
    auto client = served.client();
    client.send(get("/"));
    client.until("\r\n\r\n");
    EXPECT_EQ(unchunked(client.until_closed()), "data: x\n\n<broken>");
}

TEST(ServerEvents, TellsTheProducerThatTheClientDoesNotRead)
{
    ServerSettings settings;
    settings.limits.write_stall_timeout = 1s;
    std::promise<Errc> outcome;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
                      co_await boost::asio::this_coro::throw_if_cancelled(false);
                      co_await exchange.begin_events({});
                      const std::string data(10'000, 'd');
                      for (;;) {
                          auto sent = co_await exchange.event("", data);
                          if (sent) continue;
                          outcome.set_value(sent.error().code());
                          co_return;
                      }
                  },
                  settings};
    RawClient client{served.port(), 4096};
    client.send(get("/"));
    EXPECT_EQ(outcome.get_future().get(), Errc::deadline_exceeded);
}

TEST(ServerEvents, TellsTheProducerThatTheClientIsGone)
{
    std::promise<Errc> outcome;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_await exchange.begin_events({});
        boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
        for (;;) {
            auto sent = co_await exchange.event("", "x");
            if (!sent) {
                outcome.set_value(sent.error().code());
                co_return;
            }
            tick.expires_after(1ms);
            boost::system::error_code ignored;
            co_await tick.async_wait(
                boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
    }};
    auto client = served.client();
    client.send(get("/"));
    client.until("data: x\n\n");
    client.close();
    EXPECT_EQ(outcome.get_future().get(), Errc::cancelled);
}

}  // namespace
}  // namespace tailops::http
