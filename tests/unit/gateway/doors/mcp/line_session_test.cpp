#include "gateway/doors/mcp/wire/errors.hpp"
#include "tests/unit/gateway/doors/mcp/fake_lines.hpp"

#include <algorithm>

namespace tailops::mcp::testing {
namespace {

TEST(LineClient, OpensASessionForALegacyClientAndTellsItOfChanges)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize());
        wire.lines.say(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
        wire.lines.say(Bench::legacy_body("tools/list", json::object(), 2));
        const auto* listed = co_await wire.answer_to(2);
        EXPECT_NE(find_member(*listed, "result"), nullptr) << *listed;
        wire.bench.endpoint.publish(service::change::Tools{});
        co_await wire.answer_to("notifications/tools/list_changed");
    });
}

TEST(LineClient, CancelsALegacyCallThroughItsSession)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize());
        wire.lines.say(Bench::legacy_body("tools/call", {{"name", "slow"}}, 2));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.say(cancelled(2));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_cancels == 1; });
        wire.lines.say(Bench::legacy_body("ping", json::object(), 3));
        co_await wire.answer_to(3);
        EXPECT_EQ(wire.lines.find(2), nullptr);
    });
}

TEST(LineClient, CancelsARequestOfEitherEraInASession)
{
    const auto legacy = Bench::legacy_body("tools/call", {{"name", "slow"}}, 2);
    for (const auto& request : {call("slow", 2), legacy}) {
        for (const auto& cancel : {cancelled(2), modern_cancelled(2)}) {
            on_wire([&](Wire& wire) -> Task<void> {
                auto& service = wire.bench.service;
                wire.lines.say(initialize());
                wire.lines.say(request);
                co_await wire.bench.bell.until([&] { return service.slow_calls == 1; });
                wire.lines.say(cancel);
                co_await wire.bench.bell.until([&] { return service.slow_cancels == 1; });
                wire.lines.say(Bench::legacy_body("ping", json::object(), 3));
                co_await wire.answer_to(3);
                EXPECT_EQ(wire.lines.find(2), nullptr) << request << cancel;
            });
        }
    }
}

TEST(LineClient, CancelsARequestThatCameWithItsCancellation)
{
    const auto legacy = Bench::legacy_body("tools/call", {{"name", "slow"}}, 2);
    for (const auto& request : {call("slow", 2), legacy}) {
        on_wire([&](Wire& wire) -> Task<void> {
            auto& service = wire.bench.service;
            wire.lines.say(initialize());
            co_await wire.answer_to(1);
            // Read in one go: nothing runs between the two.
            wire.lines.say(request);
            wire.lines.say(cancelled(2));
            wire.lines.say(Bench::legacy_body("ping", json::object(), 3));
            co_await wire.answer_to(3);
            co_await wire.bench.bell.until(
                [&] { return service.slow_cancels == service.slow_calls; });
            service.release();
            wire.lines.say(Bench::legacy_body("ping", json::object(), 4));
            co_await wire.answer_to(4);
            EXPECT_EQ(service.slow_ends, 0) << request;
            EXPECT_EQ(wire.lines.find(2), nullptr) << request;
        });
    }
}

TEST(LineClient, CancelsNoRequestOfAnotherId)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize());
        wire.lines.say(call("slow", 2));
        wire.lines.say(Bench::legacy_body("tools/call", {{"name", "slow"}}, 3));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 2; });
        wire.lines.say(cancelled("2"));
        wire.lines.say(modern_cancelled(4));
        wire.lines.say(Bench::legacy_body("ping", json::object(), 5));
        co_await wire.answer_to(5);
        wire.bench.service.release();
        co_await wire.answer_to(2);
        co_await wire.answer_to(3);
        EXPECT_EQ(wire.bench.service.slow_ends, 2);
    });
}

TEST(LineClient, AnswersAPingBeforeInitialize)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(Bench::legacy_body("ping", json::object(), 7));
        const auto* pong = co_await wire.answer_to(7);
        EXPECT_EQ(*pong, (json{{"jsonrpc", "2.0"}, {"id", 7}, {"result", json::object()}}));
        wire.lines.say(Bench::legacy_body("logging/setLevel", {{"level", "info"}}, 8));
        const auto* early = co_await wire.answer_to(8);
        EXPECT_EQ(error_code(*early), code::invalid_request);
    });
}

/// How often the client was told that the tools have changed, when they change once.
Task<std::ptrdiff_t> tellings_of_one_change(Wire& wire)
{
    wire.lines.say(Bench::legacy_body("ping", json::object(), "before"));
    co_await wire.bench.bell.until([&] { return wire.lines.last_id() == "before"; });
    wire.bench.endpoint.publish(service::change::Tools{});
    co_await wire.answer_to("notifications/tools/list_changed");
    wire.lines.say(Bench::legacy_body("ping", json::object(), "after"));
    co_await wire.bench.bell.until([&] { return wire.lines.last_id() == "after"; });
    co_return std::ranges::count_if(wire.lines.heard, [](const json& message) {
        return text_member(message, "method") == "notifications/tools/list_changed";
    });
}

TEST(LineClient, EndsTheFirstSessionWithASecondInitialize)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize(1));
        wire.lines.say(Bench::legacy_body("tools/call", {{"name", "slow"}}, 2));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.say(initialize(3));
        const auto* second = co_await wire.answer_to(3);
        EXPECT_NE(find_member(*second, "result"), nullptr) << *second;
        const auto tellings = co_await tellings_of_one_change(wire);
        EXPECT_EQ(tellings, 1);
        // Its calls end with it.
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_cancels == 1; });
    });
}

TEST(LineClient, KeepsTheFirstSessionWhenASecondInitializeIsRefused)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize(1));
        wire.lines.say(Bench::legacy_body("initialize", json::object(), 2));
        const auto* refused = co_await wire.answer_to(2);
        EXPECT_EQ(error_code(*refused), code::invalid_params);
        const auto tellings = co_await tellings_of_one_change(wire);
        EXPECT_EQ(tellings, 1);
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
