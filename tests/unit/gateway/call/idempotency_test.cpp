#include "tests/unit/gateway/call/idempotency_rig.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

/// One effect per key.
namespace tailops::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;
using targets::ExecutionResult;
using ::testing::HasSubstr;

TEST_F(IdempotencyTest, AnswersARetryWithTheFirstOutcomeAndDoesNothing)
{
    const auto first = run(with_key);
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(first->replayed_from, "");
    EXPECT_FALSE(first->content->contains("replayed"));
    executor_->answer->output = "other";

    const auto again = run(with_key);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(executor_->runs, 1);
    EXPECT_EQ(again->replayed_from, "r1");
    EXPECT_FALSE(again->failed);
    auto expected = *first->content;
    expected["replayed"] = true;
    expected["first_request"] = "r1";
    EXPECT_EQ(*again->content, expected);
}

TEST_F(IdempotencyTest, DoesItEachTimeWithoutAKeyAndWithAnother)
{
    EXPECT_EQ(told(run(json::object())), "ok");
    EXPECT_EQ(told(run(json::object())), "ok");
    EXPECT_EQ(told(run(with_key)), "ok");
    EXPECT_EQ(told(run({{"idempotency_key", "K"}})), "ok");
    EXPECT_EQ(executor_->runs, 4);
}

TEST_F(IdempotencyTest, KeepsTheOutcomeAcrossARestart)
{
    ASSERT_TRUE(run(with_key));
    store_ = open();
    const auto again = run(with_key);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->replayed_from, "r1");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, RecordsAReplayWithTheRequestThatItRepeats)
{
    ASSERT_TRUE(run(with_key));
    ASSERT_TRUE(run(with_key));
    ASSERT_EQ(trail_.records.size(), 3U);
    const auto& record = trail_.records[2];
    EXPECT_EQ(record.request.view(), "r2");
    EXPECT_EQ(record.phase, audit::Phase::intent);
    EXPECT_EQ(record.outcome, "replayed");
    EXPECT_EQ(record.detail, R"(what request "r1" came to)");
    EXPECT_EQ(record.rule, "rule");
}

TEST_F(IdempotencyTest, KeepsKeysOfOthersAndOfOtherTargetsApart)
{
    EXPECT_EQ(told(run(with_key)), "ok");
    EXPECT_EQ(told(run(with_key, "bob")), "ok");
    EXPECT_EQ(told(run({{"idempotency_key", "k"}, {"target", "two"}})), "ok");
    EXPECT_EQ(executor_->runs, 3);
}

TEST_F(IdempotencyTest, RefusesAKeyThatWasUsedWithOtherArguments)
{
    ASSERT_TRUE(run(with_key));
    EXPECT_EQ(
        told(run({{"idempotency_key", "k"}, {"command_name", "alter"}})),
        R"(invalid_argument: idempotency_key "k" was used with other arguments (request "r1"), which )"
        R"(differ in "command_name"; use a new key for another call)");
    EXPECT_EQ(executor_->runs, 1);
    EXPECT_EQ(trail_.records.back().outcome, "invalid_argument");
}

TEST_F(IdempotencyTest, TakesAnEmptyObjectForOneThatIsLeftOut)
{
    ASSERT_TRUE(run(with_key));
    auto spelt_out = with_key;
    spelt_out["parameters"] = json::object();
    EXPECT_EQ(told(run(spelt_out)), "ok");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, CarriesOutOneOfManyAtOnce)
{
    constexpr int callers = 8;
    std::atomic<int> answered{0};
    std::atomic<int> fine{0};
    executor_->is_held = [&] { return answered < callers - 1; };
    testing::run(
        [&](Runtime& runtime) -> Task<void> {
            IdempotencyKeys keys{store_, runtime.blocking, ages_, bounds_};
            Pipeline pipeline{parts(&keys)};
            for (int i = 0; i < callers; ++i) {
                auto call = [&, made = invocation(with_key)]() -> Task<void> {
                    const auto got = co_await pipeline.run(made);
                    if (got) {
                        ++fine;
                    } else {
                        EXPECT_THAT(told(got),
                                    HasSubstr("busy: the first call with idempotency_key \"k\" is "
                                              "still running; get_run \"r"));
                    }
                    ++answered;
                };
                asio::co_spawn(asio::make_strand(runtime.io), std::move(call), asio::detached);
            }
            while (answered < callers) {
                asio::steady_timer turn{co_await asio::this_coro::executor, 1ms};
                co_await turn.async_wait(asio::use_awaitable);
            }
        },
        4);
    EXPECT_EQ(executor_->runs, 1);
    EXPECT_EQ(fine, 1);
    EXPECT_EQ(told(run(with_key)), "ok");
    EXPECT_EQ(executor_->runs, 1);
}

/// Has a call with a key come to its end, whose caller leaves when `is_time` says so.
template <class IsTime>
Task<void> leave_when(IsTime is_time,
                      Pipeline& pipeline,
                      Invocation made,
                      std::atomic<bool>& has_left)
{
    const auto home = co_await asio::this_coro::executor;
    asio::cancellation_signal leave;
    bool has_ended = false;
    auto call = [&]() -> Task<void> {
        (void)co_await pipeline.run(made);
        has_ended = true;
    };
    asio::co_spawn(home, call,
                   asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
    asio::steady_timer turn{home};
    while (!has_ended) {
        if (is_time() && !has_left) {
            leave.emit(asio::cancellation_type::terminal);
            has_left = true;
        }
        turn.expires_after(1ms);
        co_await turn.async_wait(asio::use_awaitable);
    }
}

TEST_F(IdempotencyTest, KeepsTheOutcomeForACallerWhoLeft)
{
    std::atomic<bool> has_left{false};
    executor_->is_held = [&] { return !has_left; };
    testing::run([&](Runtime& runtime) -> Task<void> {
        IdempotencyKeys keys{store_, runtime.blocking, clock_, bounds_};
        Pipeline pipeline{parts(&keys)};
        const auto has_begun = [&] { return executor_->runs == 1; };
        co_await leave_when(has_begun, pipeline, invocation(with_key), has_left);
    });
    const auto again = run(with_key);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->replayed_from, "r1");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, GivesTheKeyBackOfACallerWhoLeftBeforeItBegan)
{
    std::atomic<bool> has_left{false};
    executor_->is_queued = [&] { return !has_left; };
    testing::run([&](Runtime& runtime) -> Task<void> {
        IdempotencyKeys keys{store_, runtime.blocking, clock_, bounds_};
        Pipeline pipeline{parts(&keys)};
        const auto has_come = [&] { return executor_->asked == 1; };
        co_await leave_when(has_come, pipeline, invocation(with_key), has_left);
    });
    EXPECT_EQ(executor_->runs, 0);
    const auto again = run(with_key);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->replayed_from, "");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, NeverDoesAgainWhatACrashInterrupted)
{
    // What the daemon that died had written: the reservation, and no outcome.
    const auto dying = invocation(with_key);
    const auto lost = testing::run([&](Runtime& runtime) -> Task<Result<Claim>> {
        IdempotencyKeys keys{store_, runtime.blocking, ages_, bounds_};
        co_return co_await keys.claim(
            dying, *tools::ToolCatalogue::shipped()->find("execute_command"), TargetId{"one"});
    });
    ASSERT_TRUE(lost && !lost->first);
    store_ = open();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(told(run(with_key)),
                  R"(outcome_unknown: the first call with idempotency_key "k" was interrupted and )"
                  R"(its outcome is unknown; look at the target, and at get_run "r1"; use a new )"
                  "key if it is still to be done");
    }
    EXPECT_EQ(executor_->runs, 0);
    EXPECT_EQ(told(run({{"idempotency_key", "new"}})), "ok");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, SaysUnknownOfACallThatAnotherProcessRunsAndLaterItsOutcome)
{
    executor_->before_end = [&] {
        const auto mine = std::exchange(store_, open());
        EXPECT_THAT(told(run(with_key)), HasSubstr("its outcome is unknown"));
        store_ = mine;
    };
    ASSERT_TRUE(run(with_key));
    executor_->before_end = nullptr;
    store_ = open();
    EXPECT_EQ(run(with_key)->replayed_from, "r1");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, SaysUnknownOfAKeyThatTheTrailGaveBack)
{
    store::ForgottenState forgotten;
    forgotten.keys.push_back(
        {.scope = {.principal = "alice", .tool = "execute_command", .target = "one", .key = "k"},
         .fingerprint = {},
         .request = "r-before",
         .when = clock_.now()});
    const auto principal = invocation(json::object()).principal.identity.key();
    forgotten.keys[0].scope.principal = principal;
    ASSERT_EQ(store_->restore(forgotten)->keys, 1U);
    const auto again = run(with_key);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Errc::outcome_unknown);
    EXPECT_NE(again.error().public_message().find("r-before"), std::string::npos);
    EXPECT_EQ(executor_->runs, 0);
    EXPECT_TRUE(run({{"idempotency_key", "another"}}));
    EXPECT_TRUE(run(with_key, "bob"));
    EXPECT_EQ(executor_->runs, 2);
}

TEST_F(IdempotencyTest, AnswersAReplayThoughTheTrailCannotBeWritten)
{
    ASSERT_TRUE(run(with_key));
    trail_.is_broken = true;
    const auto again = run(with_key);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->replayed_from, "r1");
    // The first call with another key finds nothing done, and does nothing.
    const auto other = run({{"idempotency_key", "another"}});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), Errc::unavailable);
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, RecordsTheKey)
{
    ASSERT_TRUE(run(with_key));
    EXPECT_EQ(trail_.records[0].idempotency_key, "k");
}

TEST_F(IdempotencyTest, AsksThePolicyAgain)
{
    ASSERT_TRUE(run(with_key));
    set_policy(policy::Effect::deny);
    EXPECT_FALSE(run(with_key));
    set_policy(policy::Effect::require_approval);
    EXPECT_THAT(told(run(with_key)), HasSubstr("approval_required"));
    set_policy(policy::Effect::allow);
    EXPECT_EQ(run(with_key)->replayed_from, "r1");
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyTest, KeepsNeitherRefusalsNorDryRunsNorWhatOnlyLooks)
{
    set_policy(policy::Effect::require_approval);
    EXPECT_FALSE(run(with_key));
    set_policy(policy::Effect::dry_run_only);
    EXPECT_EQ(run(with_key)->content->at("dry_run"), true);
    EXPECT_EQ(executor_->runs, 0);
    set_policy(policy::Effect::allow);
    EXPECT_EQ(told(run(with_key)), "ok");
    EXPECT_EQ(executor_->runs, 1);

    const json looking{{"idempotency_key", "l"}, {"command_name", "look"}};
    EXPECT_EQ(run(looking)->replayed_from, "");
    EXPECT_EQ(run(looking)->replayed_from, "");
    EXPECT_EQ(executor_->runs, 3);
}

}  // namespace
}  // namespace tailops::call
