#include "tests/unit/gateway/call/idempotency_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

/// What is kept of a call that brings a key, for how long, and what is not.
namespace tailops::call {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using targets::ExecutionResult;
using ::testing::HasSubstr;

using IdempotencyKeptTest = IdempotencyTest;

TEST_F(IdempotencyKeptTest, RepeatsAFailureOnTheTarget)
{
    executor_->answer->status = 3;
    const auto first = run(with_key);
    ASSERT_TRUE(first && first->failed);
    executor_->answer->status = 0;
    const auto again = run(with_key);
    ASSERT_TRUE(again && again->failed);
    EXPECT_EQ(again->content->value("exit_code", 0), 3);
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, KeepsTheKeyOfACallThatMayHaveHadItsEffect)
{
    for (const auto code :
         {Errc::unreachable, Errc::deadline_exceeded, Errc::busy, Errc::internal}) {
        const json arguments{{"idempotency_key", std::string{to_string(code)}}};
        executor_->runs = 0;
        executor_->answer = fail(code, "the connection was lost while the command ran");
        EXPECT_FALSE(run(arguments));
        const auto request = "r" + std::to_string(last_request_);
        executor_->answer = ExecutionResult{};
        EXPECT_EQ(told(run(arguments)),
                  std::string{to_string(code)} +
                      ": the connection was lost while the command ran (replayed: this is what "
                      "request \"" +
                      request + "\" came to)");
        EXPECT_EQ(executor_->runs, 1);
    }
}

TEST_F(IdempotencyKeptTest, GivesTheKeyBackWhenTheTargetWasAskedForNothing)
{
    for (const auto code :
         {Errc::unreachable, Errc::deadline_exceeded, Errc::busy, Errc::internal}) {
        const json arguments{{"idempotency_key", std::string{to_string(code)}}};
        executor_->runs = 0;
        executor_->answer = fail(Error{code, "not reached"}.with_nothing_begun());
        EXPECT_FALSE(run(arguments));
        executor_->answer = ExecutionResult{};
        const auto second = run(arguments);
        ASSERT_TRUE(second) << second.error().describe();
        EXPECT_EQ(second->replayed_from, "");
        EXPECT_EQ(executor_->runs, 2);
    }
}

TEST_F(IdempotencyKeptTest, GivesTheKeyBackWhenTheIntentCannotBeRecorded)
{
    trail_.is_broken = true;
    EXPECT_THAT(told(run(with_key)), HasSubstr("unavailable"));
    EXPECT_EQ(executor_->runs, 0);
    trail_.is_broken = false;
    EXPECT_EQ(told(run(with_key)), "ok");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, ForgetsAKeyAfterItsTime)
{
    bounds_.retention = 1h;
    ASSERT_TRUE(run(with_key));
    clock_.time += 1h - 1us;
    EXPECT_EQ(run(with_key)->replayed_from, "r1");
    clock_.time += 1us;
    EXPECT_EQ(run(with_key)->replayed_from, "");
    EXPECT_EQ(executor_->runs, 2);
}

TEST_F(IdempotencyKeptTest, BoundsTheKeysOfOneAndOfAll)
{
    bounds_.keys_max_per_principal = 1;
    bounds_.keys_max = 2;
    ASSERT_TRUE(run(with_key));
    EXPECT_THAT(told(run({{"idempotency_key", "second"}})),
                HasSubstr("busy: the gateway keeps 1 idempotency keys of yours"));
    EXPECT_EQ(run(with_key)->replayed_from, "r1") << "a known key needs no room";
    ASSERT_TRUE(run(with_key, "bob"));
    EXPECT_THAT(told(run(with_key, "carol")), HasSubstr("busy: the gateway keeps as many"));
    EXPECT_EQ(executor_->runs, 2);
    EXPECT_EQ(told(run(json::object())), "ok");
}

TEST_F(IdempotencyKeptTest, KeepsOfALargeOutcomeWhatIsSmall)
{
    executor_->answer->output = std::string(65'000, '\n');
    executor_->answer->status = 4;
    ASSERT_TRUE(run(with_key));
    const auto again = run(with_key);
    ASSERT_TRUE(again && again->failed);
    EXPECT_EQ(again->content->value("exit_code", 0), 4);
    EXPECT_FALSE(again->content->contains("output"));
    EXPECT_EQ(again->content->value("omitted", json{}), json::array({"output"}));
}

TEST_F(IdempotencyKeptTest, DoesNothingWhenTheKeyCannotBeKept)
{
    store_ = open(10ms);
    auto other = store::Database::open({.path = (folder_.path() / "state.db").string()});
    ASSERT_TRUE(other);
    {
        auto held = store::Transaction::begin(*other);
        ASSERT_TRUE(held);
        EXPECT_THAT(told(run(with_key)), HasSubstr("busy"));
        EXPECT_EQ(executor_->runs, 0);
        EXPECT_EQ(told(run(json::object())), "ok") << "without a key it is not asked";
    }
    EXPECT_EQ(told(run(with_key)), "ok");
}

TEST_F(IdempotencyKeptTest, SaysUnknownOfAnOutcomeThatCouldNotBeKept)
{
    store_ = open(10ms);
    auto other = store::Database::open({.path = (folder_.path() / "state.db").string()});
    ASSERT_TRUE(other);
    std::optional<Result<store::Transaction>> held;
    executor_->before_end = [&] { held.emplace(store::Transaction::begin(*other)); };
    EXPECT_EQ(told(run(with_key)), "ok") << "it was done, and who did it hears so";
    ASSERT_TRUE(held && *held);
    held.reset();
    executor_->before_end = nullptr;
    EXPECT_THAT(told(run(with_key)), HasSubstr("its outcome is unknown"));
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, RefusesKeysThatAreNone)
{
    const std::string longest(128, '~');
    EXPECT_EQ(told(run({{"idempotency_key", longest}})), "ok");
    for (const json& bad : {json(""), json(longest + "~"), json("a b"), json("a\n"), json("ä"),
                            json(7), json(nullptr)}) {
        EXPECT_THAT(told(run({{"idempotency_key", bad}})), HasSubstr("invalid_argument"));
    }
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, RefusesAKeyWhereNoneAreKept)
{
    const auto answer = testing::run([&](Runtime&) -> Task<Result<Answer>> {
        Pipeline pipeline{parts(nullptr)};
        co_return co_await pipeline.run(invocation(with_key));
    });
    EXPECT_THAT(told(answer), HasSubstr("unavailable"));
    EXPECT_EQ(executor_->runs, 0);
}

}  // namespace
}  // namespace tailops::call
