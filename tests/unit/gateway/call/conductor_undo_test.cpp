#include "tests/unit/gateway/call/job_rig.hpp"

#include <gmock/gmock.h>

namespace tailops::call {
namespace {

using audit::Phase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(AJob, UndoesInReverseWhatItDidWhenAStepFails)
{
    refused = {"POST /third"};
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_TRUE(answer->failed);
    EXPECT_EQ(answer->content->at("success"), false);
    EXPECT_EQ(answer->content->at("error"), "cannot do the third: HTTP 409");
    EXPECT_THAT(
        states_in(*answer->content),
        ElementsAre("do the first: undone", "do the second: undone", "do the third: failed"));
    EXPECT_THAT(engine_paths(), ElementsAre("GET /x", "POST /first", "POST /second", "POST /third",
                                            "POST /undo/second", "POST /undo/first"));
    EXPECT_THAT(trail(Phase::outcome), ElementsAre("r1-1 ok", "r1-2 ok", "r1-3 failed", "r1-4 ok",
                                                   "r1-5 ok", "r1 failed"));
    EXPECT_EQ(rig_.trail.records.back().detail, "0 steps done, 1 failed, 2 undone");
}

TEST_F(AJob, SaysWhatIsLeftAndHowToUndoItByHand)
{
    refused = {"POST /third", "POST /undo/second"};
    const auto answer = run();
    ASSERT_TRUE(answer);
    EXPECT_THAT(states_in(*answer->content),
                ElementsAre("do the first: undone", "do the second: left", "do the third: failed"));
    EXPECT_EQ(answer->content->at("steps").at(1).at("why"),
              "cannot take back /second: HTTP 409; by hand: take back /second (send POST "
              "/undo/second to the Docker Engine)");
}

TEST_F(AJob, WhatHasNoUndoIsLeft)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> only = asking("/only"), next = asking("/next");
        TAILOPS_CO_CHECK(co_await work.act("do the only one", std::move(only), final_step()));
        TAILOPS_CO_CHECK(co_await work.act("do the next", std::move(next), final_step()));
        co_return std::make_shared<json>();
    };
    refused = {"POST /next"};
    const auto answer = run();
    ASSERT_TRUE(answer);
    EXPECT_THAT(states_in(*answer->content),
                ElementsAre("do the only one: left", "do the next: failed"));
}

TEST_F(AJob, LeavesWhatMayStayAsItIs)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> first = asking("/first"), next = asking("/next");
        Reversal stays = tools::Stays{};
        TAILOPS_CO_CHECK(co_await work.act("fetch it", std::move(first), std::move(stays)));
        TAILOPS_CO_CHECK(co_await work.act("do the next", std::move(next), final_step()));
        co_return std::make_shared<json>();
    };
    refused = {"POST /next"};
    const auto answer = run();
    ASSERT_TRUE(answer);
    EXPECT_THAT(states_in(*answer->content), ElementsAre("fetch it: done", "do the next: failed"));
}

TEST_F(AJob, TakesBackAStepOfWhichNobodyKnowsWhetherItWasDone)
{
    job = [this](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> lost = asking("/lost");
        Reversal undo_it = undo("/lost");
        engine_->failure = Error{Errc::unreachable, "the connection was lost"};
        const auto done = co_await work.act("do it", std::move(lost), std::move(undo_it));
        engine_->failure.reset();
        TAILOPS_CO_CHECK(done);
        co_return std::make_shared<json>();
    };
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(states_in(*answer->content), ElementsAre("do it: undone"));
    EXPECT_THAT(engine_paths(), ElementsAre("POST /lost", "POST /undo/lost"));
    EXPECT_THAT(trail(Phase::outcome), ElementsAre("r1-1 outcome_unknown", "r1-2 ok", "r1 failed"));
}

TEST_F(AJob, TakesBackAStepWhoseAnswerNobodyCanRead)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> odd = asking("/odd");
        odd.read = [](const targets::ExecutionResult&) -> Result<Nothing> {
            return fail(Errc::internal, "the engine's answer is not what its API has");
        };
        Reversal undo_it = undo("/odd");
        TAILOPS_CO_CHECK(co_await work.act("do it", std::move(odd), std::move(undo_it)));
        co_return std::make_shared<json>();
    };
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(states_in(*answer->content), ElementsAre("do it: undone"));
    EXPECT_THAT(engine_paths(), ElementsAre("POST /odd", "POST /undo/odd"));
}

TEST_F(AJob, IsUndoneWhenItThrows)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> first = asking("/first");
        Reversal undo_it = undo("/first");
        TAILOPS_CO_CHECK(co_await work.act("do the first", std::move(first), std::move(undo_it)));
        throw std::runtime_error{"a bug"};
    };
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(states_in(*answer->content), ElementsAre("do the first: undone"));
    EXPECT_EQ(answer->content->at("error"), "the gateway failed to carry this out");
}

TEST_F(AJob, BeginsNoFurtherStepOnceTheGatewayEnds)
{
    before_answer = [this](const std::string& asked) {
        if (asked == "POST /first") rig_.pipeline->stop_changes();
    };
    const auto answer = run();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(states_in(*answer->content),
                ElementsAre("do the first: left", "do the second: failed"));
    EXPECT_THAT(answer->content->at("steps").at(0).at("why").get<std::string>(),
                HasSubstr("the gateway stopped; by hand: take back /first"));
    EXPECT_THAT(engine_paths(), ElementsAre("GET /x", "POST /first"));
    EXPECT_THAT(trail(Phase::outcome), ElementsAre("r1-1 ok", "r1 failed"));
}

TEST_F(AJob, AsksAgainForAnUndoWhenTheTargetIsAwayForAMoment)
{
    refused = {"POST /third"};
    int tries = 0;
    engine_->on_run = [&](const targets::Operation& asked) {
        const bool is_away = path_of(asked) == "POST /undo/second" && ++tries == 1;
        engine_->failure =
            is_away ? std::optional{Error{Errc::unreachable, "nobody is there"}} : std::nullopt;
    };
    const auto answer = run();
    ASSERT_TRUE(answer);
    EXPECT_EQ(tries, 2);
    EXPECT_THAT(
        states_in(*answer->content),
        ElementsAre("do the first: undone", "do the second: undone", "do the third: failed"));
}

TEST_F(AJob, WaitsUntilTheTargetIsDoneWithAStepOfUnknownOutcomeBeforeItsUndo)
{
    int looks = 0;
    job = [this, &looks](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> slow = asking("/slow");
        auto way_back = undo("/slow");
        way_back.settling =
            Undo::Settling{.look = post("/x"),
                           .is_over = [&looks](const targets::ExecutionResult&) -> Result<bool> {
                               return ++looks >= 2;
                           },
                           .time = std::chrono::minutes{1}};
        Reversal reversal = std::move(way_back);
        co_return co_await lost(work, std::move(slow), std::move(reversal));
    };
    const auto answer = run();
    ASSERT_TRUE(answer);
    EXPECT_THAT(states_in(*answer->content), ElementsAre("do it: undone"));
    EXPECT_THAT(engine_paths(), ElementsAre("POST /slow", "POST /x", "POST /x", "POST /undo/slow"));
}

TEST_F(AJob, UndoesWhatWasMadeAndNotWhatWasAskedFor)
{
    job = [](Work& work) -> Task<Result<Content>> {
        Ask<Nothing> making = asking("/make"), next = asking("/next");
        Reversal by_name = undo("/by-name");
        std::function<Reversal(const Nothing&)> by_id = [](const Nothing&) {
            return Reversal{undo("/by-id")};
        };
        TAILOPS_CO_CHECK(
            co_await work.act("make it", std::move(making), std::move(by_name), std::move(by_id)));
        TAILOPS_CO_CHECK(co_await work.act("do the next", std::move(next), final_step()));
        co_return std::make_shared<json>();
    };
    refused = {"POST /next"};
    ASSERT_TRUE(run());
    EXPECT_THAT(engine_paths(), ElementsAre("POST /make", "POST /next", "POST /undo/by-id"));
}

}  // namespace
}  // namespace tailops::call
