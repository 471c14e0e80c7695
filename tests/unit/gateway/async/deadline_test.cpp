#include "gateway/async/deadline.hpp"

#include "gateway/async/pause.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace tailops {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::run;

Task<void> turn()
{
    const auto home = co_await asio::this_coro::executor;
    co_await asio::post(home, asio::use_awaitable);
}

Task<Result<int>> fail_as_a_bug_does()
{
    co_await turn();
    throw std::runtime_error{"a bug"};
    co_return 1;
}

TEST(WithDeadline, RethrowsAtOnceWhatTheTaskThrew)
{
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THROW(run([](Runtime&) -> Task<void> {
                     (void)co_await with_deadline<int>(after(100s), fail_as_a_bug_does());
                 }),
                 std::runtime_error);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

/// Does not want to hear of cancellations, and says what its wait came to.
Task<Result<int>> finish_although_cancelled()
{
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer forever{co_await asio::this_coro::executor, 24h};
    const auto [error] = co_await forever.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return error == asio::error::operation_aborted ? 7 : 0;
}

TEST(WithDeadline, TellsASuccessThatCameAfterTheDeadline)
{
    run([](Runtime&) -> Task<void> {
        const auto late = co_await with_deadline<int>(after(1ms), finish_although_cancelled());
        EXPECT_TRUE(late.has_value());
        if (late) EXPECT_EQ(*late, 7);
    });
}

/// Lets go of the strand again and again without an operation that could be cancelled.
Task<Result<int>> turn_for_ever()
{
    for (;;) co_await turn();
}

TEST(WithDeadline, EndsATaskThatIsCancelledBetweenTwoWaits)
{
    run([](Runtime&) -> Task<void> {
        const auto late = co_await with_deadline<int>(after(1ms), turn_for_ever());
        EXPECT_FALSE(late);
        EXPECT_EQ(late.error().code(), Errc::deadline_exceeded);
    });
}

TEST(WithDeadline, EndsWithItsCallerAlsoBetweenTwoWaits)
{
    Runtime runtime{1, 1};
    asio::cancellation_signal leave;
    std::optional<Errc> outcome;
    asio::co_spawn(
        runtime.io,
        [&]() -> Task<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            const auto ended = co_await with_deadline<int>(after(100s), turn_for_ever());
            if (!ended) outcome = ended.error().code();
        },
        asio::bind_cancellation_slot(leave.slot(),
                                     [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); }));
    asio::steady_timer trigger{runtime.io, 1ms};
    trigger.async_wait([&](auto) { leave.emit(asio::cancellation_type::terminal); });
    runtime.run();
    EXPECT_EQ(outcome, Errc::cancelled);
}

TEST(WithDeadline, WorksInsideItself)
{
    run([](Runtime&) -> Task<void> {
        const auto inner = co_await with_deadline<int>(
            after(100s), with_deadline<int>(after(1ms), turn_for_ever()));
        EXPECT_EQ(inner.error().code(), Errc::deadline_exceeded);
        const auto outer = co_await with_deadline<int>(
            after(1ms), with_deadline<int>(after(100s), turn_for_ever()));
        EXPECT_EQ(outer.error().code(), Errc::deadline_exceeded);
    });
}

TEST(PauseFor, EndsByItselfOrWithItsCaller)
{
    EXPECT_TRUE(run([](Runtime&) { return pause_for(1ms); }));

    Runtime runtime{1, 1};
    asio::cancellation_signal leave;
    int rounds = 0;
    asio::co_spawn(
        runtime.io,
        [&]() -> Task<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            while (co_await pause_for(rounds < 3 ? 0s : 100s)) {
                if (++rounds < 3) continue;
                asio::post(runtime.io, [&] { leave.emit(asio::cancellation_type::terminal); });
            }
        },
        asio::bind_cancellation_slot(leave.slot(),
                                     [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); }));
    runtime.run();
    EXPECT_EQ(rounds, 3);
}

}  // namespace
}  // namespace tailops
