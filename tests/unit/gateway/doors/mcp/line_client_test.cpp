#include "gateway/doors/mcp/wire/errors.hpp"
#include "tests/unit/gateway/doors/mcp/fake_lines.hpp"

namespace tailops::mcp::testing {
namespace {

TEST(LineClient, ServesAModernClientWithoutAnyHeader)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(Bench::modern_body("server/discover"));
        wire.lines.say("  ");
        wire.lines.say(call("routed", 2));
        const auto* discovered = co_await wire.answer_to(1);
        EXPECT_NE(find_member(*discovered, "result"), nullptr) << *discovered;
        const auto* called = co_await wire.answer_to(2);
        EXPECT_NE(find_member(*called, "result"), nullptr) << *called;
    });
}

TEST(LineClient, RefusesWhatIsNoMessageAndGoesOn)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say("{");
        wire.lines.say(std::string{FakeLines::too_long});
        wire.lines.say(Bench::legacy_body("tools/list", json::object(), 3));
        wire.lines.say(call("echo", 4));
        const auto* early = co_await wire.answer_to(3);
        EXPECT_EQ(error_code(*early), code::invalid_request);
        co_await wire.answer_to(4);
        std::vector<int> codes;
        for (const auto& message : wire.lines.heard) {
            if (!find_member(message, "id")) codes.push_back(error_code(message));
        }
        EXPECT_EQ(codes, (std::vector{code::parse_error, code::invalid_request}));
    });
}

TEST(LineClient, AnswersNothingToWhatAsksForNothing)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})");
        wire.lines.say(R"({"jsonrpc":"2.0","id":7,"result":{}})");
        wire.lines.say(cancelled(9));
        wire.lines.say(call("echo", 1));
        co_await wire.answer_to(1);
        EXPECT_EQ(wire.lines.heard.size(), 1U);
    });
}

TEST(LineClient, RefusesAVersionThatItDoesNotSpeak)
{
    on_wire([](Wire& wire) -> Task<void> {
        auto body = parse_json(Bench::modern_body("tools/list", json::object(), 1)).value();
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01";
        wire.lines.say(body.dump());
        const auto* answer = co_await wire.answer_to(1);
        EXPECT_EQ(error_code(*answer), code::unsupported_version);
    });
}

TEST(LineClient, AnswersOutOfOrderWhileACallRuns)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        wire.lines.say(call("echo", 2));
        co_await wire.answer_to(2);
        EXPECT_EQ(wire.lines.find(1), nullptr);
        wire.bench.service.release();
        co_await wire.answer_to(1);
    });
}

TEST(LineClient, SaysNothingMoreOfACancelledRequest)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.say(cancelled(7));
        wire.lines.say(cancelled(1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_cancels == 1; });
        wire.lines.say(call("echo", 2));
        co_await wire.answer_to(2);
        EXPECT_EQ(wire.lines.find(1), nullptr);
    });
}

TEST(LineClient, RefusesMoreRequestsThanItsBound)
{
    on_wire(
        [](Wire& wire) -> Task<void> {
            wire.lines.say(call("slow", 1));
            wire.lines.say(call("echo", 2));
            const auto* refused = co_await wire.answer_to(2);
            EXPECT_EQ(error_code(*refused), code::internal_error);
        },
        1);
}

TEST(LineClient, FinishesTheCallsUnderWayWhenTheInputEnds)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.close();
        wire.bench.service.release();
        co_await wire.answer_to(1);
    });
}

TEST(LineClient, CancelsTheCallsUnderWayWhenStopped)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        co_await wire.client->stop();
        EXPECT_EQ(wire.bench.service.slow_cancels, 1);
        EXPECT_TRUE(wire.lines.is_closed);
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
