#include "gateway/call/pipeline.hpp"

#include "tests/unit/gateway/call/call_rig.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::call {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

constexpr auto catalogue = R"(commands:
  - {name: greet, description: "Say hello to the world", command_template: "echo hello", category: custom}
  - {name: linger, description: "Stay for a good while", command_template: "sleep 98771", category: custom}
  - {name: change, description: "Change something at once", command_template: "echo changed", category: custom, capability: "system:write", tier: control}
  - {name: endure, description: "Change for a good while", command_template: "sleep 98772", category: custom, capability: "system:write", tier: control}
  - {name: fails, description: "Fail on the target", command_template: "false", category: custom}
  - {name: missing, description: "No such program here", command_template: "no-such-program-here", category: custom}
)";

class PipelineTest : public ::testing::Test {
protected:
    Invocation invocation(const std::string& tool,
                          json arguments,
                          const std::string& subject = "alice")
    {
        return rig_.invocation(tool, std::move(arguments), subject);
    }
    Result<Answer> run(Invocation call) { return rig_.run(std::move(call)); }
    Result<Answer> command(const std::string& name,
                           const std::string& subject = "alice",
                           const std::string& id = "r1")
    {
        return rig_.command(name, subject, id);
    }

    static std::shared_ptr<const policy::Gate> impatient()
    {
        policy::Rule rule;
        rule.id = RuleId{"impatient"};
        rule.effect = policy::Effect::allow;
        rule.obligations.timeout = std::chrono::milliseconds{50};
        policy::Policy policy;
        policy.rules.push_back(rule);
        return std::make_shared<const policy::Gate>(std::move(policy));
    }

    CallRig rig_{catalogue};
    FakeTrail& trail_{rig_.trail};
    targets::StateBoard& states_{rig_.states};
    std::unique_ptr<Pipeline>& pipeline_{rig_.pipeline};
};

TEST_F(PipelineTest, RecordsIntentBeforeAndOutcomeAfter)
{
    const auto answer = command("greet");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->content->value("output", ""), "hello\n");
    ASSERT_EQ(trail_.records.size(), 2U);
    EXPECT_EQ(trail_.records[0].phase, audit::Phase::intent);
    EXPECT_EQ(trail_.records[1].phase, audit::Phase::outcome);
    EXPECT_EQ(trail_.records[1].outcome, "ok");
    EXPECT_EQ(trail_.records[0].rule, "allow");
    EXPECT_EQ(trail_.records[0].request, trail_.records[1].request);
}

TEST_F(PipelineTest, WaitsForTheDiskOnlyBeforeAnEffect)
{
    ASSERT_TRUE(command("greet"));
    ASSERT_TRUE(command("change"));
    using enum audit::Durability;
    EXPECT_EQ(trail_.durabilities, (std::vector{buffered, buffered, durable, buffered}));
}

TEST_F(PipelineTest, DoesNothingWhenTheTrailCannotBeWritten)
{
    trail_.is_broken = true;
    const auto answer = command("change");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::unavailable);
    EXPECT_EQ(states_.get(TargetId{"local"}).reach, targets::Reach::unknown);
}

TEST_F(PipelineTest, AnswersWhatWasDoneThoughTheTrailCannotBeWrittenAnyMore)
{
    for (const auto* name : {"change", "greet"}) {
        trail_.durabilities.clear();
        trail_.breaks_after_intents = true;
        const auto answer = command(name);
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_TRUE(answer->content->value("success", false)) << name;
    }
    // What only tells of the gateway did nothing, and may say so.
    trail_.durabilities = {audit::Durability::buffered};
    const auto told = run(invocation("whoami", json::object()));
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code(), Errc::unavailable);
}

TEST_F(PipelineTest, RecordsARefusalAndItsReason)
{
    const auto answer = command("greet", "mallory");
    ASSERT_FALSE(answer);
    ASSERT_EQ(trail_.records.size(), 1U);
    EXPECT_EQ(trail_.records[0].outcome, "refused");
    EXPECT_EQ(trail_.records[0].name, "mallory");
}

TEST_F(PipelineTest, SaysWhenTheOutputLimitLeavesNoAnswer)
{
    policy::Rule narrow;
    narrow.id = RuleId{"narrow"};
    narrow.effect = policy::Effect::allow;
    narrow.at_most = Tier::observe;
    narrow.principals.subjects = {"alice"};
    narrow.obligations.output_limit_bytes = 100;
    policy::Policy policy;
    policy.rules.push_back(narrow);
    rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
    const auto answer = run(invocation("get_system_status", {{"target", "local"}}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::unavailable);
    EXPECT_NE(answer.error().public_message().find("output_limit"), std::string::npos);
    EXPECT_EQ(trail_.records.back().outcome, "unavailable") << "as the caller hears it";
    EXPECT_NE(trail_.records.back().detail.find("status 0; "), std::string::npos);
}

TEST_F(PipelineTest, CallsAnOutcomeByTheSameWordEverywhere)
{
    struct Row {
        std::string command;
        std::string word;
    };
    for (const auto& row : {Row{"greet", "ok"}, Row{"fails", "failed"}, Row{"missing", "not_found"},
                            Row{"linger", "deadline_exceeded"}}) {
        if (row.command == "linger") rig_.swap_gate(impatient());
        trail_.records.clear();
        const auto before = pipeline_->outcomes();
        const auto answer = command(row.command, "alice", row.command);
        ASSERT_EQ(trail_.records.size(), 2U) << row.command;
        EXPECT_EQ(trail_.records[1].outcome, row.word) << row.command;
        const auto run =
            rig_.runs->find(RequestId{row.command}, [](const runs::RunRecord&) { return true; });
        EXPECT_EQ(to_string(run->state), row.word) << row.command;
        if (!answer) EXPECT_EQ(to_string(answer.error().code()), row.word) << row.command;
        if (answer) EXPECT_EQ(answer->failed, row.word == "failed") << row.command;
        const auto counted = static_cast<std::size_t>(*find_call_outcome(row.word));
        EXPECT_EQ(pipeline_->outcomes().at(counted), before.at(counted) + 1) << row.command;
    }
    EXPECT_NE(
        metrics_text(pipeline_->outcomes()).find("tailops_calls_total{outcome=\"failed\"} 1\n"),
        std::string::npos);
}

TEST_F(PipelineTest, EndsAChangeOnlyWhenTheDaemonMayStayNoLonger)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        asio::cancellation_signal leave;
        std::optional<Result<Answer>> answered;
        asio::co_spawn(
            home,
            [&]() -> Task<void> {
                auto call = invocation("execute_command",
                                       json{{"target", "local"}, {"command_name", "endure"}});
                answered.emplace(co_await pipeline_->run(std::move(call)));
            },
            asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
        const auto pause = [&]() -> Task<void> {
            asio::steady_timer turn{home, std::chrono::milliseconds{5}};
            co_await turn.async_wait(asio::use_awaitable);
        };
        while (rig_.runs->under_way().empty()) co_await pause();
        leave.emit(asio::cancellation_type::terminal);
        for (int i = 0; i < 20; ++i) co_await pause();
        EXPECT_FALSE(answered) << "its caller has left, which ends no change";
        pipeline_->stop_changes();
        while (!answered) co_await pause();
        EXPECT_EQ(answered->error().code(), Errc::cancelled);
        auto late =
            invocation("execute_command", json{{"target", "local"}, {"command_name", "change"}});
        const auto refused = co_await pipeline_->run(std::move(late));
        EXPECT_TRUE(!refused && refused.error().has_nothing_begun());
        auto look =
            invocation("execute_command", json{{"target", "local"}, {"command_name", "greet"}});
        const auto looked = co_await pipeline_->run(std::move(look));
        EXPECT_TRUE(looked);
    });
    EXPECT_EQ(trail_.records.at(1).outcome, "cancelled") << "recorded, rather than unknown";
}

TEST_F(PipelineTest, AsksForTheMissingScopeAndForThoseThatTheTokenHas)
{
    const json change{{"target", "local"}, {"command_name", "change"}};
    auto call = invocation("execute_command", change);
    auto identity = call.principal.identity;
    identity.method = auth::Method::oidc;
    identity.scopes = {"email", "file:read", "openid"};
    call.principal = rig_.world->get()->gate->admit(std::move(identity));
    const auto answer = run(std::move(call));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::insufficient_scope);
    EXPECT_EQ(answer.error().detail(), "system:write file:read");
}

TEST_F(PipelineTest, RecordsACallThatNeverCameToTheGate)
{
    const auto escape = run(
        invocation("file_operations",
                   {{"target", "local"}, {"action", "read"}, {"path", "/root/.ssh/id_ed25519"}}));
    ASSERT_FALSE(escape);
    ASSERT_EQ(trail_.records.size(), 1U);
    EXPECT_EQ(trail_.records[0].outcome, "refused");
    EXPECT_NE(trail_.records[0].parameters.find("id_ed25519"), std::string::npos);
    EXPECT_FALSE(run(invocation("get_system_status", {{"target", "nowhere"}})));
    EXPECT_EQ(trail_.records.back().target.view(), "nowhere");
}

TEST_F(PipelineTest, TellsTheSettingsOfATargetOnlyToThoseWhoMayUseIt)
{
    const json outside{{"target", "local"}, {"action", "read"}, {"path", "/root/x"}};
    const auto allowed = run(invocation("file_operations", outside));
    EXPECT_NE(allowed.error().public_message().find("/etc"), std::string::npos);
    const auto stranger = run(invocation("file_operations", outside, "mallory"));
    EXPECT_EQ(stranger.error().public_message().find("/etc"), std::string::npos);
}

TEST_F(PipelineTest, HidesATargetThatTheCallerMayNotSee)
{
    const auto unseen = run(invocation("get_system_status", {{"target", "local"}}, "mallory"));
    const auto absent = run(invocation("get_system_status", {{"target", "nope!"}}, "mallory"));
    EXPECT_EQ(unseen.error().code(), Errc::not_found);
    EXPECT_EQ(absent.error().code(), Errc::not_found);
}

TEST_F(PipelineTest, StopsAnObservingCallWithItsCallerAndRecordsThat)
{
    testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        asio::cancellation_signal leave;
        bool done = false;
        asio::co_spawn(
            home,
            [&]() -> Task<void> {
                auto call = invocation("execute_command",
                                       json{{"target", "local"}, {"command_name", "linger"}});
                (void)co_await pipeline_->run(std::move(call));
                done = true;
            },
            asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
        while (trail_.records.empty()) co_await asio::post(home, asio::use_awaitable);
        leave.emit(asio::cancellation_type::terminal);
        while (!done) {
            asio::steady_timer turn{home, std::chrono::milliseconds{1}};
            co_await turn.async_wait(asio::use_awaitable);
        }
    });
    ASSERT_EQ(trail_.records.size(), 2U);
    EXPECT_EQ(trail_.records[1].outcome, "cancelled");
}

TEST_F(PipelineTest, ShowsOnlyTheToolsThatTheCallerMayUse)
{
    const auto names = [&](const std::string& subject) {
        std::set<std::string_view> out;
        const auto call = invocation("whoami", json::object(), subject);
        for (const auto& tool : pipeline_->visible_tools(call.principal)) out.insert(tool->name);
        return out;
    };
    EXPECT_TRUE(names("alice").contains("get_system_status"));
    EXPECT_FALSE(names("alice").contains("get_container_list"));  // the target offers no containers
    EXPECT_FALSE(names("mallory").contains("get_system_status"));
    EXPECT_TRUE(names("mallory").contains("whoami"));
}

}  // namespace
}  // namespace tailops::call
