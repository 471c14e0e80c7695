#include "tests/unit/auth/introspection_world.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using namespace std::chrono_literals;
using testing::Door;

/// Starts `count` authentications of one token on strands of their own and waits for all.
struct Crowd {
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    std::atomic<int> ended{0};
    std::mutex mutex;
    std::vector<Errc> errors;

    Task<void> one(std::shared_ptr<Introspector> who, std::string token, Deadline deadline)
    {
        const auto identity = co_await who->authenticate(Secret{std::move(token)}, deadline);
        if (identity) {
            ++accepted;
        } else {
            const std::scoped_lock lock{mutex};
            errors.push_back(identity.error().code());
            ++refused;
        }
        ++ended;
    }
    Task<void> until(const std::atomic<int>& counter, int wanted)
    {
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        for (int i = 0; i < 10'000 && counter < wanted; ++i) {
            timer.expires_after(1ms);
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        EXPECT_GE(counter.load(), wanted);
    }
};

Task<void> until_asked(std::shared_ptr<testing::FakeServer> server)
{
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    for (int i = 0; i < 10'000 && server->count(introspect) == 0; ++i) {
        timer.expires_after(1ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

TEST(Introspection, AsksOnceForManyConcurrentCallers)
{
    World world;
    Crowd crowd;
    world.server->door = std::make_shared<Door>();
    testing::run(
        [&](Runtime& runtime) -> Task<void> {
            const auto introspector = world.make(runtime);
            for (int i = 0; i < 100; ++i) {
                boost::asio::co_spawn(boost::asio::make_strand(runtime.io),
                                      crowd.one(introspector, "good", after(20s)),
                                      [](std::exception_ptr) {});
            }
            co_await until_asked(world.server);
            EXPECT_EQ(introspector->counts().in_flight, 1U);
            world.server->door->open();
            co_await crowd.until(crowd.ended, 100);
        },
        4);
    EXPECT_EQ(crowd.accepted, 100);
    EXPECT_EQ(world.server->count(introspect), 1U);
}

TEST(Introspection, GoesOnForTheFollowersWhenTheFirstCallerIsCancelled)
{
    World world;
    Crowd crowd;
    world.server->door = std::make_shared<Door>();
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        boost::asio::cancellation_signal hang_up;
        // Both on this test's strand, so that the signal is emitted where its slot lives.
        const auto here = co_await boost::asio::this_coro::executor;
        boost::asio::co_spawn(
            here, crowd.one(introspector, "good", after(20s)),
            boost::asio::bind_cancellation_slot(hang_up.slot(), [](std::exception_ptr) {}));
        co_await until_asked(world.server);
        boost::asio::co_spawn(here, crowd.one(introspector, "good", after(20s)),
                              [](std::exception_ptr) {});
        hang_up.emit(boost::asio::cancellation_type::terminal);
        co_await crowd.until(crowd.refused, 1);
        world.server->door->open();
        co_await crowd.until(crowd.accepted, 1);
    });
    EXPECT_EQ(crowd.errors, std::vector{Errc::cancelled});
    EXPECT_EQ(world.server->count(introspect), 1U);
}

TEST(Introspection, GivesEveryCallerItsOwnDeadline)
{
    World world;
    Crowd crowd;
    world.server->door = std::make_shared<Door>();
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        const auto here = co_await boost::asio::this_coro::executor;
        boost::asio::co_spawn(here, crowd.one(introspector, "good", after(20s)),
                              [](std::exception_ptr) {});
        boost::asio::co_spawn(here, crowd.one(introspector, "good", after(5ms)),
                              [](std::exception_ptr) {});
        co_await crowd.until(crowd.refused, 1);
        world.server->door->open();
        co_await crowd.until(crowd.accepted, 1);
    });
    EXPECT_EQ(crowd.errors, std::vector{Errc::deadline_exceeded});
}

TEST(Introspection, CallsASlowServerUnreachableAfterItsTimeout)
{
    World world;
    world.settings.timeout = 1s;
    world.server->door = std::make_shared<Door>();  // never opened
    const auto identity = once(world, "good");
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().code(), Errc::unreachable);
}

TEST(Introspection, SaysBusyWhenTooManyTokensAreBeingChecked)
{
    World world;
    Crowd crowd;
    world.settings.lookups_max = 3;
    world.server->door = std::make_shared<Door>();
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        const auto here = co_await boost::asio::this_coro::executor;
        for (int i = 0; i < 4; ++i) {
            boost::asio::co_spawn(here,
                                  crowd.one(introspector, "good" + std::to_string(i), after(20s)),
                                  [](std::exception_ptr) {});
        }
        co_await crowd.until(crowd.refused, 1);
        world.server->door->open();
        co_await crowd.until(crowd.accepted, 3);
    });
    EXPECT_EQ(crowd.errors, std::vector{Errc::busy});
}

}  // namespace
}  // namespace tailops::auth
