#include "gateway/async/commitment.hpp"

#include "gateway/async/deadline.hpp"
#include "gateway/async/slots.hpp"
#include "gateway/async/withdrawable.hpp"
#include "gateway/core/try.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tailops {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Once = Commitment::Once;

TEST(Commitment, IsWithdrawnUntilItBegins)
{
    const Commitment begun{Once::held};
    bool stopped = false;
    begun.stop_with([&] { stopped = true; });
    EXPECT_TRUE(begun.begin());
    begun.withdraw(caller_left());
    EXPECT_TRUE(begun.begin()) << "the same answer again";
    EXPECT_EQ(begun.withdrawn(), nullptr);
    EXPECT_FALSE(stopped);

    const Commitment left{Once::held};
    left.stop_with([&] { stopped = true; });
    left.withdraw(caller_left());
    const auto refused = left.begin();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::cancelled);
    EXPECT_TRUE(refused.error().has_nothing_begun());
    EXPECT_TRUE(stopped);
}

TEST(Commitment, WhatMerelyLooksIsStoppedAtAnyTime)
{
    const Commitment looking{Once::cancellable};
    bool stopped = false;
    looking.stop_with([&] { stopped = true; });
    EXPECT_TRUE(looking.begin());
    looking.withdraw(caller_left());
    EXPECT_TRUE(stopped);
    EXPECT_EQ(looking.withdrawn(), nullptr) << "it had begun";
}

TEST(Commitment, NobodyWithdrawsOneThatWasNeverMade)
{
    const Commitment none;
    none.withdraw(caller_left());
    EXPECT_TRUE(none.begin());
}

TEST(Commitment, OfBeginningAndWithdrawingOneComesFirst)
{
    for (int i = 0; i < 2000; ++i) {
        const Commitment contested{Once::held};
        std::atomic<int> ready{0};
        std::atomic<bool> stopped{false};
        contested.stop_with([&] { stopped = true; });
        const auto meet = [&ready] {
            ++ready;
            while (ready < 2) std::this_thread::yield();
        };
        bool begun = false;
        {
            const std::jthread executor{[&] {
                meet();
                begun = contested.begin().has_value();
            }};
            const std::jthread caller{[&] {
                meet();
                contested.withdraw(caller_left());
            }};
        }
        ASSERT_NE(begun, stopped.load());
        ASSERT_EQ(begun, contested.withdrawn() == nullptr);
    }
}

/// What a call went through, as the test below drives it.
struct Course {
    std::atomic<bool> acted{false};
    bool was_cancelled{false};
};

Task<bool> wait_out(std::chrono::milliseconds time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    const auto [stopped] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return stopped == asio::error::operation_aborted;
}

/// Waits, begins, and works.
Task<Result<int>> carry_out(Commitment commitment,
                            Course& course,
                            std::chrono::milliseconds waiting,
                            std::chrono::milliseconds working)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    if (co_await wait_out(waiting)) co_return fail(Errc::cancelled, "while it waited");
    TAILOPS_CO_CHECK(commitment.begin());
    course.acted = true;
    course.was_cancelled = co_await wait_out(working);
    if (course.was_cancelled) co_return fail(Errc::cancelled, "while it worked");
    co_return 1;
}

/// The outcome of a call whose caller leaves at once, or when it has begun.
enum class Leaves { at_once, when_begun };
Result<int> outcome_of(Once once,
                       Course& course,
                       std::chrono::milliseconds waiting,
                       std::chrono::milliseconds working,
                       Leaves when)
{
    Runtime runtime{1, 1};
    asio::cancellation_signal leave;
    Result<int> outcome = fail(Errc::internal, "it did not end");
    const Commitment commitment{once};
    asio::co_spawn(
        runtime.io,
        [&]() -> Task<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            outcome =
                co_await withdrawable(commitment, carry_out(commitment, course, waiting, working));
        },
        asio::bind_cancellation_slot(leave.slot(),
                                     [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); }));
    asio::co_spawn(
        runtime.io,
        [&]() -> Task<void> {
            do {
                (void)co_await wait_out(1ms);
            } while (when == Leaves::when_begun && !course.acted);
            leave.emit(asio::cancellation_type::terminal);
        },
        [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
    runtime.run();
    return outcome;
}

TEST(Withdrawable, ACallerWhoLeavesBeforeItBeginsStopsIt)
{
    for (const auto once : {Once::held, Once::cancellable}) {
        Course course;
        const auto outcome = outcome_of(once, course, 100s, 100s, Leaves::at_once);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code(), Errc::cancelled);
        EXPECT_TRUE(outcome.error().has_nothing_begun());
        EXPECT_FALSE(course.acted);
    }
}

TEST(Withdrawable, ACallerWhoLeavesAfterThatStopsOnlyWhatMerelyLooks)
{
    Course held;
    const auto done = outcome_of(Once::held, held, 0ms, 50ms, Leaves::when_begun);
    EXPECT_TRUE(done.has_value());
    EXPECT_FALSE(held.was_cancelled);

    Course looking;
    const auto left = outcome_of(Once::cancellable, looking, 0ms, 100s, Leaves::when_begun);
    ASSERT_FALSE(left);
    EXPECT_EQ(left.error().public_message(), "while it worked");
    EXPECT_FALSE(left.error().has_nothing_begun());
}

TEST(Withdrawable, LosesNoCancellationThatComesWhileNobodyWaits)
{
    // The slot is granted and the caller leaves in the same turn of the strand.
    testing::run(
        [](Runtime&) -> Task<void> {
            const auto home = co_await asio::this_coro::executor;
            Slots slots{1, 1};
            auto first = std::make_unique<Result<Slots::Lease>>(co_await slots.take(after(1h)));
            const Commitment commitment{Once::held};
            asio::cancellation_signal leave;
            std::optional<Result<int>> outcome;
            bool acted = false;
            auto work = [&]() -> Task<Result<int>> {
                co_await asio::this_coro::throw_if_cancelled(false);
                const auto slot = co_await slots.take(after(1h));
                if (!slot) co_return fail(Error{slot.error()});
                TAILOPS_CO_CHECK(commitment.begin());
                acted = true;
                co_return 1;
            };
            asio::co_spawn(
                home,
                [&]() -> Task<void> {
                    co_await asio::this_coro::throw_if_cancelled(false);
                    outcome = co_await withdrawable(commitment, work());
                },
                asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
            co_await asio::post(home, asio::use_awaitable);
            first.reset();
            leave.emit(asio::cancellation_type::terminal);
            while (!outcome) co_await asio::post(home, asio::use_awaitable);
            EXPECT_FALSE(*outcome);
            EXPECT_FALSE(acted);
        },
        1);
}

TEST(Commitment, IsBegunOnlyIfWhatIsCheckedLastAllowsIt)
{
    const Commitment refused{Commitment::Once::held};
    refused.check_with([]() -> Status { return fail(Errc::denied, "not any more"); });
    for (int i = 0; i < 2; ++i) {
        const auto begun = refused.begin();
        ASSERT_FALSE(begun);
        EXPECT_EQ(begun.error().code(), Errc::denied);
        EXPECT_TRUE(begun.error().has_nothing_begun());
    }
    int checks = 0;
    const Commitment allowed{Commitment::Once::held};
    allowed.check_with([&]() -> Status {
        ++checks;
        return {};
    });
    EXPECT_TRUE(allowed.begin());
    EXPECT_TRUE(allowed.begin());
    EXPECT_EQ(checks, 1) << "what has begun is not asked again";
    const Commitment left{Commitment::Once::held};
    left.check_with([&]() -> Status {
        ++checks;
        return {};
    });
    left.check_with(nullptr);
    EXPECT_TRUE(left.begin());
    EXPECT_EQ(checks, 1);
}

TEST(Commitments, AfterTheirEndNothingThatWaitsBegins)
{
    testing::run([](Runtime& runtime) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        Commitments all;
        Course waiting, working, looking;
        std::vector<std::pair<Course*, Commitment>> calls{{&waiting, all.open(Once::held)},
                                                          {&working, all.open(Once::held)},
                                                          {&looking, all.open(Once::cancellable)}};
        std::vector<std::optional<Result<int>>> outcomes(3);
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto pause = i == 0 ? 100s : 0s;
            asio::co_spawn(asio::make_strand(runtime.io),
                           withdrawable(calls[i].second,
                                        carry_out(calls[i].second, *calls[i].first, pause, 50ms)),
                           [&outcomes, i, home](std::exception_ptr, Result<int> outcome) {
                               asio::post(
                                   home, [&outcomes, i, outcome] { outcomes[i].emplace(outcome); });
                           });
        }
        while (!working.acted || !looking.acted) (void)co_await wait_out(1ms);
        all.close(Error{Errc::unavailable, "the gateway is stopping"});
        while (!outcomes[0] || !outcomes[1] || !outcomes[2]) (void)co_await wait_out(1ms);

        EXPECT_FALSE(*outcomes[0]);
        EXPECT_EQ(outcomes[0]->error().code(), Errc::unavailable);
        EXPECT_TRUE(outcomes[0]->error().has_nothing_begun());
        EXPECT_TRUE(outcomes[1]->has_value()) << "it had begun";
        EXPECT_TRUE(outcomes[2]->has_value()) << "it changes nothing";
        EXPECT_FALSE(all.open(Once::held).begin());
        EXPECT_TRUE(all.open(Once::cancellable).begin());
    });
}

TEST(Commitments, MayGoBeforeOrAfterTheirHandles)
{
    Commitment left;
    {
        Commitments all;
        left = all.open(Once::held);
        const auto gone = all.open(Once::held);
    }
    EXPECT_TRUE(left.begin());
}

}  // namespace
}  // namespace tailops
