#include "tests/unit/gateway/call/idempotency_rig.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

/// What is kept of a call that brings a key, for how long, and what is not.
namespace tailops::call {
namespace {

namespace asio = boost::asio;
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
    clock_.advance(1h - 1us);
    EXPECT_EQ(run(with_key)->replayed_from, "r1");
    clock_.advance(1us);
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
    book_ = nullptr;
    EXPECT_THAT(told(run(with_key)), HasSubstr("its outcome is unknown"));
    EXPECT_EQ(executor_->runs, 1);
    book_ = &runs_;
    EXPECT_EQ(run(with_key)->replayed_from, "r1") << "the book of runs knows";
    book_ = nullptr;
    EXPECT_EQ(run(with_key)->replayed_from, "r1") << "and now the store does";
    EXPECT_EQ(executor_->runs, 1);
}

/// A store whose disk fails for as long as a test says.
class FakeFailingKeys final : public store::CallKeyStore {
public:
    explicit FakeFailingKeys(std::shared_ptr<store::CallKeyStore> inner) : inner_{std::move(inner)}
    {
    }

    Result<std::optional<store::StoredCallKey>> reserve(const store::CallKeyReservation& wanted,
                                                        const store::CallKeyBounds& bounds,
                                                        const store::CallKeyUse& use) override
    {
        return inner_->reserve(wanted, bounds, use);
    }
    Status finish(const store::CallKeyReservation& reserved,
                  const std::string& outcome,
                  TimePoint ended) override
    {
        ++finishes;
        if (fails) return fail(Errc::internal, "database or disk is full");
        return inner_->finish(reserved, outcome, ended);
    }
    Status release(const store::CallKeyReservation& reserved) override
    {
        if (fails) return fail(Errc::internal, "database or disk is full");
        return inner_->release(reserved);
    }
    Status forget_old(TimePoint now,
                      const store::CallKeyBounds& bounds,
                      const store::CallKeyUse& use) override
    {
        return inner_->forget_old(now, bounds, use);
    }

    std::atomic<bool> fails{true};
    std::atomic<int> finishes{0};

private:
    const std::shared_ptr<store::CallKeyStore> inner_;
};

Task<void> turn_until(const std::function<bool()>& come_about)
{
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (!come_about()) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

TEST_F(IdempotencyKeptTest, TellsAnOutcomeThatWaitsForTheDiskAndKeepsItLater)
{
    const auto failing = std::make_shared<FakeFailingKeys>(store_);
    book_ = nullptr;
    testing::run([&](Runtime& runtime) -> Task<void> {
        IdempotencyKeys keys{failing, runtime.blocking, ages_, bounds_, nullptr};
        Pipeline pipeline{parts(&keys)};
        auto first = invocation(with_key);
        const auto done = co_await pipeline.run(std::move(first));
        EXPECT_EQ(told(done), "ok");
        EXPECT_EQ(keys.waiting(), 1U);
        auto second = invocation(with_key);
        const auto again = co_await pipeline.run(std::move(second));
        EXPECT_TRUE(again && again->replayed_from == "r1") << told(again);
        failing->fails = false;
        co_await turn_until([&] { return keys.waiting() == 0; });
    });
    EXPECT_EQ(run(with_key)->replayed_from, "r1") << "after a restart";
    EXPECT_EQ(executor_->runs, 1);
    EXPECT_GE(failing->finishes, 2);
}

TEST_F(IdempotencyKeptTest, GivesAKeyBackOnceTheDiskTakesThat)
{
    const auto failing = std::make_shared<FakeFailingKeys>(store_);
    executor_->answer = fail(Error{Errc::unreachable, "not reached"}.with_nothing_begun());
    testing::run([&](Runtime& runtime) -> Task<void> {
        IdempotencyKeys keys{failing, runtime.blocking, ages_, bounds_, nullptr};
        Pipeline pipeline{parts(&keys)};
        auto first = invocation(with_key);
        EXPECT_FALSE(co_await pipeline.run(std::move(first)));
        executor_->answer = ExecutionResult{};
        auto early = invocation(with_key);
        const auto refused = co_await pipeline.run(std::move(early));
        EXPECT_THAT(told(refused), HasSubstr("busy"));
        failing->fails = false;
        co_await turn_until([&] { return keys.waiting() == 0; });
        auto late = invocation(with_key);
        const auto done = co_await pipeline.run(std::move(late));
        EXPECT_EQ(told(done), "ok");
    });
    EXPECT_EQ(executor_->runs, 2);
}

TEST_F(IdempotencyKeptTest, IsNotMisledByAClockThatIsSet)
{
    ASSERT_TRUE(run(with_key));
    for (const auto jump : {26h, -400 * 24h, 24h * 365 * 20}) {
        clock_.time += jump;
        EXPECT_EQ(run(with_key)->replayed_from, "r1") << jump.count();
    }
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, DoesNotRunBesideACallWhoseKeyLooksOld)
{
    std::atomic<bool> is_held{true};
    executor_->is_held = [&] { return is_held.load(); };
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        IdempotencyKeys keys{store_, runtime.blocking, ages_, bounds_, &runs_};
        Pipeline pipeline{parts(&keys)};
        bool has_ended = false;
        auto call = [&, made = invocation(with_key)]() -> Task<void> {
            const auto first = co_await pipeline.run(made);
            EXPECT_EQ(told(first), "ok");
            has_ended = true;
        };
        asio::co_spawn(home, std::move(call), [](std::exception_ptr) {});
        co_await turn_until([&] { return executor_->runs == 1; });
        // Both by a jump and by time that really passes: longer than any key is kept.
        clock_.time += 26h;
        for (int i = 0; i < 2; ++i) {
            auto retry = invocation(with_key);
            const auto refused = co_await pipeline.run(std::move(retry));
            EXPECT_THAT(told(refused), HasSubstr("is still running"));
            clock_.advance(26h);
        }
        is_held = false;
        co_await turn_until([&] { return has_ended; });
    });
    EXPECT_EQ(run(with_key)->replayed_from, "r1") << "kept from its end on";
    EXPECT_EQ(executor_->runs, 1);
}

TEST_F(IdempotencyKeptTest, MakesRoomForTheNewestAfterAWhile)
{
    bounds_.keys_max_per_principal = 2;
    bounds_.replaceable_after = 60s;
    for (const char* key : {"a", "b"}) ASSERT_TRUE(run({{"idempotency_key", key}}));
    clock_.advance(59s);
    EXPECT_THAT(told(run({{"idempotency_key", "c"}})), HasSubstr("busy: the gateway keeps 2"));
    clock_.advance(1s);
    EXPECT_EQ(told(run({{"idempotency_key", "c"}})), "ok");
    EXPECT_EQ(run({{"idempotency_key", "b"}})->replayed_from, "r2") << "the oldest made room";
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
