#include "tests/unit/gateway/call/runs_rig.hpp"

namespace tailops::call {
namespace {

using RunsRestartTest = RunsRig;

TEST_F(RunsRestartTest, ARestartKnowsOutputsAndCallsThatChangeSomething)
{
    start();
    ASSERT_TRUE(rig_.command("much", "alice", "big"));
    ASSERT_TRUE(rig_.command("change", "alice", "change"));
    ASSERT_TRUE(rig_.command("greet", "alice", "small"));
    const auto before = whole("big");
    restart();
    EXPECT_TRUE(whole("big") == before);
    EXPECT_EQ(get_run("big")->content->at("result").at("truncated"), true);
    EXPECT_EQ(get_run("change")->content->at("result").at("output"), "changed\n");
    EXPECT_FALSE(get_run("big", "anna"));
    EXPECT_FALSE(get_run("small"));
}

TEST_F(RunsRestartTest, ACallThatWasCutShortByACrashIsUnknown)
{
    start();
    runs::RunRecord record;
    record.shown.id = RequestId{"lost"};
    record.shown.tool = ToolName{"execute_command"};
    record.shown.target = TargetId{"local"};
    record.shown.started = rig_.clock.now();
    record.owner = rig_.principal("alice").identity.key();
    record.capability = "system:write";
    record.tier = Tier::control;
    rig_.runs->begin(record);
    restart();
    const auto run = get_run("lost");
    ASSERT_TRUE(run) << run.error().describe();
    EXPECT_EQ(run->content->at("state"), "unknown");
}

TEST_F(RunsRestartTest, ARunThatMadeRoomIsForgottenAndTheOthersStay)
{
    settings_.run_bytes_max = 600'000;
    settings_.total_bytes_max = 1'500'000;
    start();
    for (const auto* id : {"first", "second", "third"}) {
        ASSERT_TRUE(rig_.command("much", "alice", id));
    }
    const auto kept = whole("third");
    EXPECT_EQ(kept.size(), 600'000U);
    EXPECT_EQ(whole("first"), "this output is no longer kept");
    restart();
    EXPECT_FALSE(get_run("first"));
    EXPECT_TRUE(get_run("second"));
    EXPECT_TRUE(whole("third") == kept);
    const auto listed = ask("list_runs", nlohmann::json::object());
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->content->at("runs").size(), 2U);
}

TEST_F(RunsRestartTest, ADryRunIsForgottenByARestart)
{
    rig_.swap_gate(CallRig::gate_of({"alice"}, policy::Effect::dry_run_only));
    start();
    const auto answer = rig_.command("change");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content->at("dry_run"), true);
    EXPECT_EQ(get_run("r1")->content->at("state"), "ok");
    restart();
    EXPECT_FALSE(get_run("r1"));
}

}  // namespace
}  // namespace tailops::call
