#include "tests/unit/gateway/call/job_rig.hpp"

#include <gmock/gmock.h>

namespace tailops::call {
namespace {

using audit::Phase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(AJob, TakesItsStepsInOrderAndTellsOfThem)
{
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_FALSE(answer->failed);
    EXPECT_EQ(answer->content->at("made"), true);
    EXPECT_EQ(answer->content->at("success"), true);
    EXPECT_THAT(states_in(*answer->content),
                ElementsAre("do the first: done", "do the second: done", "do the third: done"));
    EXPECT_THAT(engine_paths(),
                ElementsAre("GET /x", "POST /first", "POST /second", "POST /third"));
}

TEST_F(AJob, HasADurableIntentBeforeEachActAndAnOutcomeAfterIt)
{
    ASSERT_TRUE(run());
    EXPECT_THAT(trail(Phase::intent), ElementsAre("r1", "r1-1", "r1-2", "r1-3"));
    EXPECT_THAT(trail(Phase::outcome), ElementsAre("r1-1 ok", "r1-2 ok", "r1-3 ok", "r1 ok"));
    const auto& step = rig_.trail.records.at(1);
    EXPECT_EQ(rig_.trail.durabilities.at(1), audit::Durability::durable);
    EXPECT_EQ(step.why, "a step of r1");
    EXPECT_THAT(step.parameters, HasSubstr("do the first"));
    EXPECT_THAT(step.parameters, HasSubstr("POST /first"));
    EXPECT_EQ(step.capability, "container:write");
    EXPECT_EQ(rig_.trail.records.back().detail, "3 steps done");
}

TEST_F(AJob, IsAnErrorWhenNothingWasDone)
{
    refused = {"GET /x"};
    const auto looked = run();
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code(), Errc::invalid_argument);
    EXPECT_TRUE(looked.error().has_nothing_begun()) << "its idempotency key is free again";
    refused = {"POST /first"};
    const auto acted = run();
    ASSERT_FALSE(acted);
    EXPECT_EQ(acted.error().public_message(), "cannot do the first: HTTP 409");
    EXPECT_TRUE(acted.error().has_nothing_begun());
    EXPECT_THAT(engine_paths(), ElementsAre("GET /x", "GET /x", "POST /first"));
}

TEST_F(AJob, DoesNoStepThatTheTrailCannotTellOfAndUndoesTheRest)
{
    std::size_t appended = 0;
    rig_.trail.before_append = [&] { rig_.trail.is_broken = ++appended == 4; };
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(states_in(*answer->content),
                ElementsAre("do the first: undone", "do the second: failed"));
    EXPECT_THAT(engine_paths(), ElementsAre("GET /x", "POST /first", "POST /undo/first"));
}

TEST_F(AJob, IsOnlyToldInARehearsalButForItsLooks)
{
    allow({rule("rehearse", policy::Effect::dry_run_only)});
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->content->at("dry_run"), true);
    EXPECT_EQ(answer->content->at("would"),
              "do the first: would send POST /first to the Docker Engine\n"
              "do the second: would send POST /second to the Docker Engine\n"
              "do the third: would send POST /third to the Docker Engine");
    EXPECT_EQ(answer->content->at("rehearsal_sha256").get<std::string>().size(), 64U);
    EXPECT_THAT(engine_paths(), ElementsAre("GET /x"));
    EXPECT_THAT(trail(Phase::intent), ElementsAre("r1"));
}

TEST_F(AJob, LooksUntilWhatItWaitsForHolds)
{
    int looks = 0;
    job = [&looks](Work& work) -> Task<Result<Content>> {
        Work::Wait wait{.step = "wait until it is there",
                        .operation = post("/x"),
                        .holds = [&looks](const targets::ExecutionResult&) -> Result<bool> {
                            return ++looks >= 3;
                        },
                        .time = std::chrono::minutes{1},
                        .pause = std::chrono::milliseconds{1}};
        TAILOPS_CO_CHECK(co_await work.until(std::move(wait)));
        co_return std::make_shared<json>();
    };
    ASSERT_TRUE(run());
    EXPECT_EQ(looks, 3);
}

TEST_F(AJob, GivesUpWaitingForWhatNeverHolds)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Work::Wait wait{
            .step = "wait until it is there",
            .operation = post("/x"),
            .holds = [](const targets::ExecutionResult&) { return Result<bool>{false}; },
            .time = std::chrono::milliseconds{5},
            .pause = std::chrono::milliseconds{1}};
        TAILOPS_CO_CHECK(co_await work.until(std::move(wait)));
        co_return std::make_shared<json>();
    };
    const auto answer = run();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::deadline_exceeded);
    EXPECT_THAT(answer.error().public_message(), HasSubstr("gave up to wait until it is there"));
}

TEST_F(AJob, HasWhatItClaimsForItselfUntilItEnds)
{
    Status inner{}, other{};
    job = [&](Work& work) -> Task<Result<Content>> {
        TAILOPS_CO_CHECK(work.claim({.kind = "thing", .word = "one"}));
        inner = work.claim({.kind = "thing", .word = "one"});
        other = work.claim({.kind = "thing", .word = "another"});
        co_return std::make_shared<json>();
    };
    ASSERT_TRUE(run());
    ASSERT_FALSE(inner);
    EXPECT_EQ(inner.error().code(), Errc::busy);
    EXPECT_TRUE(other);
    EXPECT_TRUE(call("do_job", {{"target", "dock"}}, "r2")) << "it was given back";
}

TEST_F(AJob, TellsWhichStepBegins)
{
    std::vector<std::string> told;
    auto asked = rig_.invocation("do_job", {{"target", "dock"}});
    asked.on_step = [&told](const std::string& step) { told.push_back(step); };
    ASSERT_TRUE(rig_.run(std::move(asked)));
    EXPECT_THAT(told, ElementsAre("look around", "do the first", "do the second", "do the third"));
}

}  // namespace
}  // namespace tailops::call
