#include "gateway/async/blocking.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/async/run_on.hpp"
#include "gateway/async/slots.hpp"
#include "gateway/core/try.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tailops {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::run;

Task<Result<int>> blocking_wait(asio::thread_pool& pool, std::atomic<bool>& stopped)
{
    co_return co_await run_blocking(pool, [&](std::stop_token stop) -> Result<int> {
        while (!stop.stop_requested()) std::this_thread::yield();
        stopped = true;
        return fail(Errc::cancelled, "stopped");
    });
}

TEST(RunBlocking, RunsOnThePoolAndComesHome)
{
    run(
        [](Runtime& rt) -> Task<void> {
            const auto home = std::this_thread::get_id();
            std::thread::id away;
            auto r = co_await run_blocking(rt.blocking, [&](std::stop_token) -> Result<int> {
                away = std::this_thread::get_id();
                return 1;
            });
            EXPECT_TRUE(r.has_value());
            EXPECT_NE(home, away);
            EXPECT_EQ(home, std::this_thread::get_id());
        },
        1);
}

TEST(RunBlocking, RethrowsWhatTheWorkThrew)
{
    EXPECT_THROW(run([](Runtime& rt) -> Task<void> {
                     (void)co_await run_blocking(rt.blocking, [](std::stop_token) -> Result<int> {
                         throw std::runtime_error{"x"};
                     });
                 }),
                 std::runtime_error);
}

TEST(WithDeadline, StopsTheBlockingWorkAndWaitsForIt)
{
    for (int i = 0; i < 20; ++i) {
        std::atomic<bool> stopped{false};
        run(
            [&](Runtime& rt) -> Task<void> {
                auto r =
                    co_await with_deadline<int>(after(1ms), blocking_wait(rt.blocking, stopped));
                EXPECT_EQ(r.error().code(), Errc::deadline_exceeded);
                EXPECT_TRUE(stopped);
            },
            4);
    }
}

Task<Result<int>> give(int n)
{
    co_return n;
}

TEST(WithDeadline, FastTaskWins)
{
    run([](Runtime&) -> Task<void> {
        auto r = co_await with_deadline<int>(after(1h), give(2));
        EXPECT_EQ(*r, 2);
    });
}

Task<Result<int>> wait_until_cancelled(std::atomic<bool>& cancelled)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer forever{co_await asio::this_coro::executor, 24h};
    const auto [error] = co_await forever.async_wait(asio::as_tuple(asio::use_awaitable));
    cancelled = error == asio::error::operation_aborted;
    co_return fail(Errc::cancelled, "cancelled");
}

TEST(RunOn, ComesHomeWithTheResult)
{
    run([](Runtime& rt) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        auto r = co_await run_on<int>(asio::make_strand(rt.io), [] { return give(7); });
        EXPECT_EQ(*r, 7);
        EXPECT_TRUE(home == co_await asio::this_coro::executor);
    });
}

TEST(RunOn, CarriesACancellationAcrossAndWaitsForTheEnd)
{
    for (int i = 0; i < 50; ++i) {
        std::atomic<bool> cancelled{false};
        run(
            [&](Runtime& rt) -> Task<void> {
                auto elsewhere = asio::make_strand(rt.io);
                auto r = co_await with_deadline<int>(after(1ms), run_on<int>(elsewhere, [&] {
                                                         return wait_until_cancelled(cancelled);
                                                     }));
                EXPECT_FALSE(r);
                EXPECT_TRUE(cancelled);
            },
            4);
    }
}

TEST(RunOn, RethrowsHome)
{
    EXPECT_THROW(run([](Runtime& rt) -> Task<void> {
                     (void)co_await run_on<int>(asio::make_strand(rt.io),
                                                []() -> Task<Result<int>> {
                                                    throw std::runtime_error{"x"};
                                                    co_return 1;
                                                });
                 }),
                 std::runtime_error);
}

TEST(Slots, RefusesWhenTheQueueIsFullAndServesInOrder)
{
    run(
        [](Runtime&) -> Task<void> {
            Slots slots{1, 1};
            auto first = co_await slots.take(after(1h));
            EXPECT_TRUE(first);
            const auto home = co_await asio::this_coro::executor;
            std::optional<Errc> waiter;
            asio::co_spawn(
                home,
                [&]() -> Task<void> {
                    auto lease = co_await slots.take(after(1ms));
                    if (!lease) waiter = lease.error().code();
                },
                [](std::exception_ptr) {});
            co_await asio::post(home, asio::use_awaitable);  // let it queue
            auto refused = co_await slots.take(after(1h));
            EXPECT_EQ(refused.error().code(), Errc::busy);
            while (!waiter) co_await asio::post(home, asio::use_awaitable);
            EXPECT_EQ(waiter, Errc::deadline_exceeded);
        },
        1);
}

/// Waits for a slot on the strand, and tells when it got one or what it heard.
void wait_for_slot(const asio::any_io_executor& home,
                   Slots& slots,
                   std::string who,
                   std::vector<std::string>& told,
                   std::list<Slots::Lease>& leases)
{
    asio::co_spawn(
        home,
        [&slots, who, &told, &leases]() -> Task<void> {
            auto lease = co_await slots.take(after(1h), who);
            told.push_back(lease ? who : who + ": " + std::string{to_string(lease.error().code())});
            if (lease) leases.push_back(*std::move(lease));
        },
        [](std::exception_ptr) {});
}

Task<void> settle_down()
{
    const auto home = co_await asio::this_coro::executor;
    for (int i = 0; i < 20; ++i) co_await asio::post(home, asio::use_awaitable);
}

TEST(Slots, GoToWhoeverHoldsFewest)
{
    run(
        [](Runtime&) -> Task<void> {
            const auto home = co_await asio::this_coro::executor;
            Slots slots{2, 10};
            std::vector<std::string> told;
            std::list<Slots::Lease> leases;
            for (const char* who : {"alice", "alice", "alice", "alice", "bob", "alice", "bob"}) {
                wait_for_slot(home, slots, who, told, leases);
            }
            co_await settle_down();
            EXPECT_EQ(told, (std::vector<std::string>{"alice", "alice"})) << "alone, all of them";
            for (int i = 0; i < 5; ++i) {
                leases.pop_front();
                co_await settle_down();
            }
            EXPECT_EQ(told, (std::vector<std::string>{"alice", "alice", "bob", "alice", "bob",
                                                      "alice", "alice"}));
        },
        1);
}

TEST(Slots, QueueIsSharedWithOneWhoComesLate)
{
    run(
        [](Runtime&) -> Task<void> {
            const auto home = co_await asio::this_coro::executor;
            Slots slots{1, 4};
            std::vector<std::string> told;
            std::list<Slots::Lease> leases;
            for (int i = 0; i < 6; ++i) wait_for_slot(home, slots, "alice", told, leases);
            co_await settle_down();
            EXPECT_EQ(told, (std::vector<std::string>{"alice", "alice: busy"}));
            told.clear();
            for (int i = 0; i < 3; ++i) wait_for_slot(home, slots, "bob", told, leases);
            co_await settle_down();
            std::ranges::sort(told);
            EXPECT_EQ(told, (std::vector<std::string>{"alice: busy", "alice: busy", "bob: busy"}))
                << "half of the places are bob's, and no more";
            told.clear();
            while (!leases.empty()) {
                leases.pop_front();
                co_await settle_down();
            }
            EXPECT_EQ(told, (std::vector<std::string>{"bob", "alice", "bob", "alice"}));
        },
        1);
}

TEST(Slots, NeverLetsInMoreThanItsCount)
{
    std::atomic<int> inside{0}, most{0}, done{0};
    run(
        [&](Runtime& rt) -> Task<void> {
            Slots slots{3, 1000};
            for (int i = 0; i < 200; ++i) {
                asio::co_spawn(
                    asio::make_strand(rt.io),
                    [&]() -> Task<void> {
                        auto lease = co_await slots.take(after(1h));
                        const int now = ++inside;
                        int seen = most;
                        while (now > seen && !most.compare_exchange_weak(seen, now)) {
                        }
                        co_await asio::post(co_await asio::this_coro::executor,
                                            asio::use_awaitable);
                        --inside;
                        ++done;
                    },
                    [](std::exception_ptr e) { EXPECT_FALSE(e); });
            }
            while (done < 200) {
                co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            }
        },
        4);
    EXPECT_LE(most, 3);
    EXPECT_EQ(done, 200);
}

Task<void> pause()
{
    asio::steady_timer timer{co_await asio::this_coro::executor, 1ms};
    co_await timer.async_wait(asio::use_awaitable);
}

bool audit_survives(bool shield)
{
    Runtime rt{1, 1};
    bool audited = false;
    asio::cancellation_signal signal;
    asio::co_spawn(
        rt.io,
        [&]() -> Task<void> {
            asio::steady_timer t{rt.io, 1h};
            auto [error] = co_await t.async_wait(asio::as_tuple(asio::use_awaitable));
            EXPECT_EQ(error, asio::error::operation_aborted);
            if (shield) {
                co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            }
            co_await pause();  // "append to the audit trail"
            audited = true;
        },
        asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    asio::steady_timer trigger{rt.io, 1ms};
    trigger.async_wait([&](auto) { signal.emit(asio::cancellation_type::terminal); });
    rt.run();
    return audited;
}

// The rule that call/pipeline.cpp rests on: without the reset, the record of a cancelled call is
// lost.
TEST(Shield, WithoutItTheAuditIsLost)
{
    EXPECT_FALSE(audit_survives(false));
}
TEST(Shield, WithItTheAuditIsWritten)
{
    EXPECT_TRUE(audit_survives(true));
}

}  // namespace
}  // namespace tailops
