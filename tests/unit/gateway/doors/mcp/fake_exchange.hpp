#pragma once

#include "gateway/async/deadline.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

namespace asio = boost::asio;
using nlohmann::json;

/// Lets a test on the same strand wait until something has come about.
class Bell {
public:
    explicit Bell(asio::any_io_executor home) : timer_{std::move(home), Deadline::max()} {}
    void ring() { timer_.cancel(); }
    Task<void> until(std::function<bool()> come_about)
    {
        while (!come_about()) co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

private:
    asio::steady_timer timer_;
};

class FakeClock : public Clock {
public:
    TimePoint now() const override { return now_; }
    /// Time passes.
    void advance(std::chrono::seconds time)
    {
        now_ += time;
        steady_ += time;
    }
    /// The wall clock is set.
    void jump(std::chrono::seconds time) { now_ += time; }
    AgeClock::Steady::time_point steady() const { return steady_; }

private:
    TimePoint now_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
    AgeClock::Steady::time_point steady_{};
};

/// Keeps what would go to the client.
class FakeExchange : public http::Exchange {
public:
    explicit FakeExchange(Bell& bell) : bell_{bell} {}

    Task<Status> reply(http::Reply reply) override
    {
        EXPECT_FALSE(replied) << "two replies";
        EXPECT_FALSE(streaming) << "a reply after a stream";
        replied = true;
        answer = std::move(reply);
        bell_.ring();
        co_return Status{};
    }
    Task<Status> begin_events(http::Headers extra) override
    {
        EXPECT_FALSE(replied || streaming) << "a stream after an answer";
        streaming = true;
        answer.headers = std::move(extra);
        bell_.ring();
        co_return state;
    }
    Task<Status> event(std::string_view id, std::string_view data) override
    {
        EXPECT_TRUE(streaming);
        if (state) events.emplace_back(id, data);
        bell_.ring();
        co_return state;
    }
    Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) override
    {
        EXPECT_TRUE(streaming);
        EXPECT_GT(retry.count(), 0);
        if (state) events.emplace_back(id, "");
        bell_.ring();
        co_return state;
    }
    Task<Status> keep_alive() override
    {
        EXPECT_TRUE(streaming);
        ++keep_alives;
        bell_.ring();
        co_return state;
    }

    std::string header(std::string_view name) const
    {
        for (const auto& [key, value] : answer.headers) {
            if (key == name) return value;
        }
        return {};
    }
    /// The one message of a reply, or that of the last event.
    json message() const
    {
        const auto& text = streaming ? events.back().second : answer.body;
        return parse_json(text).value_or(json{});
    }

    bool replied{false};
    bool streaming{false};
    http::Reply answer;
    std::vector<std::pair<std::string, std::string>> events;
    int keep_alives{0};
    Status state;  // what writing an event comes to

private:
    Bell& bell_;
};

}  // namespace tailops::mcp::testing
