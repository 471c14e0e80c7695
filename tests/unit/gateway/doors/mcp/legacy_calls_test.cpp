#include "tests/unit/gateway/doors/mcp/fakes.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> revisions{"2025-03-26", "2025-06-18", "2025-11-25"};

Inbound resume_after(Bench& bench, std::string event)
{
    auto inbound = bench.inbound("GET", bench.legacy_headers());
    inbound.headers.emplace_back("Last-Event-ID", std::move(event));
    return inbound;
}

TEST(LegacyCall, RunsOnWhenTheClientHangsUp)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto flow = bench.start(bench.legacy_call("slow"));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        flow->hang_up.emit(asio::cancellation_type::terminal);
        co_await bench.end_of(flow);
        EXPECT_EQ(bench.service.slow_cancels, 0);
        EXPECT_EQ(bench.endpoint.legacy_calls(), 1U);
        bench.service.release();
        co_await bench.bell.until([&] { return bench.service.slow_ends == 1; });
    });
}

TEST(LegacyCall, IsStoppedByTheNotificationAndNotAnswered)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto flow = bench.start(bench.legacy_call("slow", "call"));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        const auto other = co_await bench.serve(bench.cancelled(1));
        EXPECT_EQ(other->exchange.answer.status, 202);
        EXPECT_FALSE(flow->is_over);
        co_await bench.serve(bench.cancelled("call"));
        co_await bench.end_of(flow);
        co_await bench.bell.until([&] { return bench.service.slow_cancels == 1; });
        EXPECT_TRUE(flow->exchange.streaming);
        EXPECT_TRUE(std::ranges::all_of(flow->exchange.events,
                                        [](const auto& event) { return event.second.empty(); }));
    });
}

TEST(LegacyCall, ThatIsStoppedIsAnErrorWithItsIdToAClientThatReadsOnlyJson)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        auto inbound = bench.legacy_call("slow", "call");
        for (auto& [name, value] : inbound.headers) {
            if (name == "Accept") value = "application/json";
        }
        const auto flow = bench.start(std::move(inbound));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        co_await bench.serve(bench.cancelled("call"));
        co_await bench.end_of(flow);
        EXPECT_EQ(error_code(flow->exchange.message()), -32800);
        EXPECT_EQ(text_member(flow->exchange.message(), "id"), "call");
    });
}

TEST(LegacyCall, IsNotStoppedFromAnotherSession)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto flow = bench.start(bench.legacy_call("slow"));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        co_await bench.open_session();
        co_await bench.serve(bench.cancelled(1));
        bench.service.release();
        co_await bench.end_of(flow);
        EXPECT_EQ(bench.service.slow_ends, 1);
        EXPECT_TRUE(flow->exchange.replied);
    });
}

TEST(LegacyCall, EndsWithItsSession)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto flow = bench.start(bench.legacy_call("slow"));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        co_await bench.serve(bench.inbound("DELETE", bench.legacy_headers()));
        co_await bench.end_of(flow);
        co_await bench.bell.until([&] { return bench.service.slow_cancels == 1; });
    });
}

TEST(LegacyCall, IsRefusedWhenTooManyAreUnderWay)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            co_await bench.open_session();
            const auto first = bench.start(bench.legacy_call("slow"));
            co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
            const auto second = co_await bench.serve(bench.legacy_call("echo", 2));
            EXPECT_EQ(error_code(second->exchange.message()), -32603);
            const auto ping = co_await bench.serve(bench.legacy("ping"));
            EXPECT_EQ(error_code(ping->exchange.message()), 0);
            bench.service.release();
            co_await bench.end_of(first);
        },
        {.calls_per_session_max = 1});
}

TEST(LegacyStream, IsPrimedOnlySince20251125)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            for (const auto& revision : revisions) {
                bench.service.is_released = false;
                co_await bench.open_session(revision);
                const auto flow = bench.start(bench.legacy_call("slow"));
                co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 1; });
                bench.service.release();
                co_await bench.end_of(flow);
                const auto& events = flow->exchange.events;
                EXPECT_EQ(events.size(), revision == "2025-11-25" ? 2U : 1U);
                EXPECT_EQ(events.front().second.empty(), revision == "2025-11-25");
                EXPECT_EQ(events.back().first, "1-1");
            }
        },
        {.keep_alive_interval = 2ms});
}

TEST(LegacyStream, IsResumedWhereItBrokeOff)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            co_await bench.open_session();
            const auto broken = bench.start(bench.legacy_call("slow"));
            co_await bench.bell.until([&] { return broken->exchange.keep_alives >= 1; });
            broken->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(broken);
            EXPECT_EQ(broken->exchange.events.size(), 1U);
            const auto last = broken->exchange.events.front().first;

            const auto resumed = bench.start(resume_after(bench, last));
            co_await bench.bell.until([&] { return resumed->exchange.streaming; });
            bench.service.release();
            co_await bench.end_of(resumed);
            EXPECT_EQ(resumed->exchange.events.size(), 1U);
            EXPECT_EQ(error_code(resumed->exchange.message()), 0);

            // What was sent is kept: the same place can be resumed from again.
            const auto again = co_await bench.serve(resume_after(bench, last));
            EXPECT_EQ(again->exchange.events, resumed->exchange.events);
        },
        {.keep_alive_interval = 2ms});
}

TEST(LegacyStream, OfASessionIsOneAndStaysOpen)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            co_await bench.open_session();
            const auto stream = bench.start(bench.inbound("GET", bench.legacy_headers()));
            co_await bench.bell.until([&] { return stream->exchange.keep_alives >= 2; });
            EXPECT_EQ(stream->exchange.events.size(), 1U) << "the priming event";
            const auto second = co_await bench.serve(bench.inbound("GET", bench.legacy_headers()));
            EXPECT_EQ(second->exchange.answer.status, 409);
            stream->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(stream);
            const auto third = bench.start(bench.inbound("GET", bench.legacy_headers()));
            co_await bench.bell.until([&] { return third->exchange.streaming; });
            bench.endpoint.drain();
            co_await bench.end_of(third);
        },
        {.keep_alive_interval = 2ms});
}

TEST(LegacyStream, EndsWithTheToken)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        auto inbound = bench.inbound("GET", bench.legacy_headers());
        inbound.principal.identity.expires = bench.clock.now() + 5ms;
        const auto stream = co_await bench.serve(std::move(inbound));
        EXPECT_TRUE(stream->exchange.streaming);
    });
}

TEST(LegacyEndpoint, OpensNoSessionsWhileItDrains)
{
    on_bench([](Bench& bench) -> Task<void> {
        bench.endpoint.drain();
        auto inbound = bench.initialize("2025-11-25");
        const auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(flow->exchange.answer.status, 503);
        EXPECT_NE(flow->exchange.header("Retry-After"), "");
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
