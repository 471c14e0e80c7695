#include "tests/unit/gateway/http/served.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

/// Clients that send their next requests before they have the answer to the one before.
namespace tailops::http {
namespace {

using namespace testing;

std::string repeated(const std::string& text, std::size_t bytes)
{
    std::string out;
    while (out.size() < bytes) out += text;
    return out;
}

TEST(ServerAhead, NoticesAHangUpBehindWhatWasSentAhead)
{
    const std::pair<const char*, std::string> rows[] = {
        {"a stray line end", "\r\n"},
        {"the next request", get("/next")},
        {"half of it", "GET /next HT"},
        {"more than is read ahead", repeated(get("/next"), 60'000)},
    };
    for (const auto& [what, ahead] : rows) {
        SCOPED_TRACE(what);
        std::promise<void> started;
        std::promise<void> cancelled;
        Served served{[&](Request, Exchange&) -> Task<void> {
            started.set_value();
            boost::asio::steady_timer never{co_await boost::asio::this_coro::executor,
                                            std::chrono::steady_clock::time_point::max()};
            try {
                co_await never.async_wait(boost::asio::use_awaitable);
            } catch (const boost::system::system_error&) {
                cancelled.set_value();
            }
        }};
        auto client = served.client();
        client.send(get("/") + ahead);
        started.get_future().wait();
        client.close();
        EXPECT_EQ(cancelled.get_future().wait_for(60s), std::future_status::ready);
    }
}

TEST(ServerAhead, AnswersAllThatWasSentAheadOfASlowAnswer)
{
    std::promise<void> all_sent;
    auto sent = all_sent.get_future().share();
    std::atomic<int> calls{0};
    Served served{[&, sent](Request request, Exchange& exchange) -> Task<void> {
        boost::asio::steady_timer tick{co_await boost::asio::this_coro::executor};
        if (++calls == 1) {
            while (sent.wait_for(0s) != std::future_status::ready) {
                tick.expires_after(1ms);
                co_await tick.async_wait(boost::asio::use_awaitable);
            }
        }
        co_await exchange.reply(text_reply(request.path));
    }};
    auto client = served.client();
    client.send(get("/0"));
    constexpr int more = 2000;  // some 80 KB: far more than is read ahead
    std::string ahead;
    for (int i = 1; i <= more; ++i) ahead += get("/" + std::to_string(i));
    client.send(ahead);
    all_sent.set_value();
    for (int i = 0; i <= more; ++i) {
        ASSERT_EQ(client.response().body, "/" + std::to_string(i));
    }
}

TEST(ServerAhead, OneWhoNeverWaitsLetsOthersHaveTheirTurn)
{
    std::atomic<int> flooded{0};
    std::atomic<bool> is_over{false};
    Served served{[&](Request request, Exchange& exchange) -> Task<void> {
        if (request.path != "/other") ++flooded;
        co_await exchange.reply(text_reply("x"));
    }};
    constexpr int floods = 3;   // more than there are threads
    constexpr int ahead = 200;  // of the answers that have come
    std::vector<std::jthread> clients;
    for (int i = 0; i < floods; ++i) {
        clients.emplace_back([&] {
            auto client = served.client();
            client.send(repeated(get("/"), get("/").size() * ahead));
            for (int left = ahead; left > 0;) {
                client.response();
                if (is_over)
                    --left;
                else
                    client.send(get("/"));
            }
        });
    }
    while (flooded == 0) std::this_thread::yield();
    // The floods end only when it has been answered.
    EXPECT_EQ(served.client().ask(get("/other")).status, 200);
    is_over = true;
}

}  // namespace
}  // namespace tailops::http
