#include "tests/unit/gateway/call/call_rig.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

/// Who leaves takes back what has not begun, and nothing else.
namespace tailops::call {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using namespace std::chrono_literals;

class PipelineCancel : public ::testing::Test {
protected:
    PipelineCancel() : rig_{catalogue().c_str()} {}

    std::string catalogue() const
    {
        const auto change = [](const std::string& name, const std::string& command) {
            return "  - {name: " + name +
                   ", description: \"Change something\", command_template: \"" + command +
                   "\", category: custom, capability: \"system:write\", tier: control}\n";
        };
        return "commands:\n"
               "  - {name: occupy, description: \"Stay for a while\", command_template: \"sleep "
               "98772\", category: custom}\n" +
               change("mark", "touch " + marks_.file("mark")) + change("slow_mark", "sleep 0.2") +
               "  - {name: keep, description: \"Change a unit\", command_template: \"echo "
               "{unit}\", "
               "category: custom, capability: \"system:write\", tier: control, parameters: {unit: "
               "{description: \"a unit\", type: name, names: unit}}}\n";
    }
    bool is_marked() const { return std::filesystem::exists(marks_.file("mark")); }

    /// One call and its caller, who may leave.
    struct Caller {
        asio::cancellation_signal leave;
        std::optional<Result<Answer>> answer;
    };
    void call(const asio::any_io_executor& home,
              const std::string& name,
              Caller& caller,
              const json& parameters = json::object())
    {
        auto invocation = rig_.invocation(
            "execute_command",
            json{{"target", "local"}, {"command_name", name}, {"parameters", parameters}}, "alice",
            "r" + std::to_string(++requests_));
        asio::co_spawn(
            home, rig_.pipeline->run(std::move(invocation)),
            asio::bind_cancellation_slot(
                caller.leave.slot(), [&caller](std::exception_ptr thrown, Result<Answer> answer) {
                    EXPECT_FALSE(thrown);
                    caller.answer.emplace(std::move(answer));
                }));
    }
    /// Takes all slots of the target.
    Task<void> occupy(asio::any_io_executor home, std::vector<Caller>& occupants)
    {
        for (auto& occupant : occupants) call(home, "occupy", occupant);
        co_await until([&] { return rig_.runs->under_way().size() == occupants.size(); });
        co_await pause(50ms);
    }
    static Task<void> pause(std::chrono::milliseconds time)
    {
        asio::steady_timer timer{co_await asio::this_coro::executor, time};
        co_await timer.async_wait(asio::use_awaitable);
    }
    template <class Condition>
    static Task<void> until(Condition condition)
    {
        while (!condition()) co_await pause(1ms);
    }
    Task<void> end(std::vector<Caller>& occupants)
    {
        for (auto& occupant : occupants) occupant.leave.emit(asio::cancellation_type::terminal);
        for (auto& occupant : occupants) {
            co_await until([&] { return occupant.answer.has_value(); });
        }
    }

    testing::TemporaryDirectory marks_;
    CallRig rig_;
    int requests_{0};
};

constexpr std::size_t slots = 4;  // TargetLimits::concurrency

TEST_F(PipelineCancel, AChangeThatWaitsForItsTurnIsTakenBackByWhoLeaves)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        std::vector<Caller> occupants(slots);
        co_await occupy(home, occupants);
        Caller caller;
        call(home, "mark", caller);
        co_await until([&] { return rig_.trail.records.size() == slots + 1; });
        caller.leave.emit(asio::cancellation_type::terminal);
        co_await until([&] { return caller.answer.has_value(); });
        EXPECT_FALSE(*caller.answer);
        EXPECT_EQ(caller.answer->error().code(), Errc::cancelled);
        EXPECT_TRUE(caller.answer->error().has_nothing_begun());
        co_await end(occupants);
        co_await pause(50ms);
    });
    EXPECT_FALSE(is_marked());
    EXPECT_EQ(rig_.trail.records.at(slots + 1).outcome, "cancelled");
    EXPECT_EQ(rig_.trail.records.at(slots + 1).detail,
              "the caller went away before anything was done");
}

TEST_F(PipelineCancel, AChangeThatWaitedIsHeldAgainstThePolicyThatHoldsWhenItsTurnComes)
{
    const auto waits_for = [&](const std::shared_ptr<const policy::Gate>& next) {
        std::optional<Result<Answer>> answer;
        testing::run([&](Runtime&) -> Task<void> {
            const auto home = co_await asio::this_coro::executor;
            std::vector<Caller> occupants(slots);
            co_await occupy(home, occupants);
            const auto before = rig_.trail.records.size();
            Caller caller;
            call(home, "mark", caller);
            co_await until([&] { return rig_.trail.records.size() == before + 1; });
            rig_.swap_gate(next);
            co_await end(occupants);
            co_await until([&] { return caller.answer.has_value(); });
            answer = *caller.answer;
        });
        return *answer;
    };
    const auto denied = waits_for(CallRig::gate_of({"anna"}));
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code(), Errc::denied);
    EXPECT_TRUE(denied.error().has_nothing_begun());
    EXPECT_EQ(std::ranges::count(rig_.trail.records, "refused", &audit::Record::outcome), 1);
    EXPECT_FALSE(is_marked());
    rig_.swap_gate(CallRig::gate_of({"alice", "anna"}));
    const auto rehearsed = waits_for(CallRig::gate_of({"alice"}, policy::Effect::dry_run_only));
    ASSERT_FALSE(rehearsed);
    EXPECT_EQ(rehearsed.error().code(), Errc::unavailable);
    EXPECT_TRUE(rehearsed.error().has_nothing_begun());
    EXPECT_FALSE(is_marked());
    rig_.swap_gate(CallRig::gate_of({"alice", "anna"}));
    EXPECT_TRUE(waits_for(CallRig::gate_of({"alice"}))) << "another policy, which permits it too";
    EXPECT_TRUE(is_marked());
}

TEST_F(PipelineCancel, AChangeThatWaitedIsHeldToRulesAboutNamesThatHaveComeMeanwhile)
{
    const auto waits_for = [&](const std::string& parameter) {
        policy::Rule allow, deny;
        allow.id = RuleId{"allow"};
        deny.id = RuleId{"deny"};
        allow.effect = policy::Effect::allow;
        deny.effect = policy::Effect::deny;
        allow.at_most = deny.at_most = Tier::control;
        allow.obligations.timeout = std::chrono::seconds{150};
        deny.parameters[parameter].one_of = std::vector<policy::Value>{"of-another-name"};
        policy::Policy policy;
        policy.rules = {allow, deny};
        std::optional<Result<Answer>> answer;
        testing::run([&](Runtime&) -> Task<void> {
            const auto home = co_await asio::this_coro::executor;
            rig_.swap_gate(CallRig::gate_of({"alice"}));
            std::vector<Caller> occupants(slots);
            co_await occupy(home, occupants);
            const auto before = rig_.trail.records.size();
            Caller caller;
            const json unit{{"unit", "cron"}};
            call(home, "keep", caller, unit);
            co_await until([&] { return rig_.trail.records.size() == before + 1; });
            rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
            co_await end(occupants);
            co_await until([&] { return caller.answer.has_value(); });
            answer = *caller.answer;
        });
        return *answer;
    };
    const auto refused = waits_for("parameters.unit");
    ASSERT_FALSE(refused) << "nobody asked what the word means";
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
    EXPECT_TRUE(refused.error().has_nothing_begun());
    EXPECT_TRUE(waits_for("command_name")) << "a rule about something else";
}

TEST_F(PipelineCancel, AChangeWhoseCallerLeavesWhileTheIntentIsWrittenIsNotBegun)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        Caller caller;
        rig_.trail.before_append = [&] { caller.leave.emit(asio::cancellation_type::terminal); };
        call(home, "mark", caller);
        co_await until([&] { return caller.answer.has_value(); });
        EXPECT_FALSE(*caller.answer);
        EXPECT_EQ(caller.answer->error().code(), Errc::cancelled);
    });
    EXPECT_FALSE(is_marked());
}

TEST_F(PipelineCancel, AChangeThatHasBegunRunsToItsEnd)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        Caller caller;
        call(home, "slow_mark", caller);
        co_await until([&] { return rig_.runs->under_way().size() == 1; });
        co_await pause(50ms);
        caller.leave.emit(asio::cancellation_type::terminal);
        co_await until([&] { return caller.answer.has_value(); });
        EXPECT_TRUE(caller.answer->has_value());
    });
    EXPECT_EQ(rig_.trail.records.at(1).outcome, "ok");
}

TEST_F(PipelineCancel, WhatOnlyLooksIsToldThatTheGatewayStopsAndNotThatItsCallerLeft)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        std::vector<Caller> occupants(slots);
        co_await occupy(home, occupants);
        Caller waiting;
        call(home, "occupy", waiting);
        co_await until([&] { return rig_.trail.records.size() == slots + 1; });
        rig_.pipeline->stop_beginning();
        // As the front does when the grace is over.
        waiting.leave.emit(asio::cancellation_type::terminal);
        co_await until([&] { return waiting.answer.has_value(); });
        co_await end(occupants);
        const std::string told =
            "the gateway is stopping and gave this up; call again when it is back";
        for (const auto* caller : {&waiting, &occupants.front()}) {
            EXPECT_FALSE(*caller->answer);
            EXPECT_EQ(caller->answer->error().code(), Errc::cancelled);
            EXPECT_EQ(caller->answer->error().public_message(), told);
        }
        EXPECT_TRUE(waiting.answer->error().has_nothing_begun());
        EXPECT_FALSE(occupants.front().answer->error().has_nothing_begun());
        EXPECT_EQ(std::ranges::count(rig_.trail.records, told, &audit::Record::detail),
                  static_cast<std::ptrdiff_t>(slots + 1));
    });
}

TEST_F(PipelineCancel, AGatewayThatStopsBeginsNoChangeThatWaits)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        std::vector<Caller> occupants(slots);
        co_await occupy(home, occupants);
        Caller waiting, later;
        call(home, "mark", waiting);
        co_await until([&] { return rig_.trail.records.size() == slots + 1; });
        rig_.pipeline->stop_beginning();
        co_await until([&] { return waiting.answer.has_value(); });
        call(home, "mark", later);
        co_await until([&] { return later.answer.has_value(); });
        for (const auto* caller : {&waiting, &later}) {
            EXPECT_FALSE(*caller->answer);
            EXPECT_EQ(caller->answer->error().code(), Errc::unavailable);
            EXPECT_TRUE(caller->answer->error().has_nothing_begun());
        }
        co_await end(occupants);
    });
    EXPECT_FALSE(is_marked());
}

}  // namespace
}  // namespace tailops::call
