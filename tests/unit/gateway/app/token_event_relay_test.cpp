#include "gateway/app/token_event_relay.hpp"

#include "gateway/app/operator.hpp"
#include "gateway/core/json.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace tailops::app {
namespace {
using namespace std::chrono_literals;

const auth::TokenActor alice{.user = "alice", .detail = "uid 1000", .program = "tailops token"};
constexpr auto long_enough = 20s;

TimePoint at(std::int64_t seconds)
{
    return TimePoint{std::chrono::seconds{seconds}};
}

auth::StoredToken token(const std::string& id)
{
    return {.id = id,
            .subject = "ci",
            .scopes = {"container:read", "system:read"},
            .digest = sha256(id),
            .created = at(1'800'000'000),
            .expires = at(1'800'003'600),
            .revoked = {}};
}

/// A trail in memory that can be told to refuse.
class FakeTrail : public audit::Trail {
public:
    Task<Status> append(audit::Record record, audit::Durability durability) override
    {
        if (is_full) co_return fail(Errc::unavailable, "the disk is full");
        EXPECT_EQ(durability, audit::Durability::durable);
        records.push_back(std::move(record));
        co_return Status{};
    }
    Status health() const override { return {}; }

    std::vector<audit::Record> records;
    bool is_full{false};
};

/// A store whose events cannot be forgotten: what a crash before that moment leaves behind.
class Unforgetting : public auth::TokenEvents {
public:
    explicit Unforgetting(auth::TokenEvents& events) : events_{events} {}
    Result<std::vector<auth::TokenEvent>> pending_events(std::size_t events_max) override
    {
        return events_.pending_events(events_max);
    }
    Status forget_events(std::int64_t) override { return fail(Errc::busy, "not now"); }

private:
    auth::TokenEvents& events_;
};

struct World {
    std::shared_ptr<store::SqliteStore> store = *store::SqliteStore::open({.path = ":memory:"});
    FakeTrail trail;

    TokenEventRelay::Ends ends(Runtime& runtime)
    {
        return {.tokens = *store, .events = *store, .trail = trail, .blocking = runtime.blocking};
    }
};

TEST(TokenEventRelay, RecordsWhoDidWhatToWhichTokenOnce)
{
    World world;
    ASSERT_TRUE(world.store->insert(token("tk_1"), alice));
    ASSERT_TRUE(world.store->revoke("tk_1", at(1'800'000'060), {.user = "bob"}));
    testing::run([&](Runtime& runtime) -> Task<void> {
        TokenEventRelay relay{world.ends(runtime), co_await boost::asio::this_coro::executor};
        EXPECT_TRUE(co_await relay.drain());
        EXPECT_TRUE(co_await relay.drain());
    });
    ASSERT_EQ(world.trail.records.size(), 2U);
    const auto& minted = world.trail.records[0];
    EXPECT_EQ(minted.phase, audit::Phase::event);
    EXPECT_TRUE(minted.request.view().starts_with("te_"));
    EXPECT_EQ(minted.subject, "local|alice");
    EXPECT_EQ(minted.name, "alice");
    EXPECT_EQ(minted.detail, "uid 1000");
    EXPECT_EQ(minted.client, "tailops token");
    EXPECT_EQ(minted.method, "command_line");
    EXPECT_EQ(minted.target, gateway_target);
    EXPECT_EQ(minted.why, "a token was minted");
    EXPECT_EQ(minted.outcome, "ok");
    EXPECT_EQ(*parse_json(minted.parameters),
              (nlohmann::json{{"token", "tk_1"},
                              {"subject", "ci"},
                              {"scopes", {"container:read", "system:read"}},
                              {"expires", "2027-01-15T09:00:00.000Z"},
                              {"at", "2027-01-15T08:00:00.000Z"}}));
    EXPECT_EQ(world.trail.records[1].why, "a token was revoked");
    EXPECT_EQ(world.trail.records[1].subject, "local|bob");
    EXPECT_TRUE(world.store->pending_events(1)->empty());
}

TEST(TokenEventRelay, HasAHashOfAllWhereItSaysOnlyHowManyScopes)
{
    auth::TokenEvent event;
    event.token = "tk_1";
    event.scopes = {"container:read"};
    EXPECT_EQ(record_of(event).parameters_sha256, "");
    for (int number = 0; number < 300; ++number) {
        event.scopes.insert("scope" + std::to_string(number));
    }
    const auto many = record_of(event);
    EXPECT_NE(many.parameters.find("301 scopes"), std::string::npos);
    EXPECT_EQ(many.parameters_sha256.size(), 64U);
    event.scopes.erase("scope7");
    event.scopes.insert("scope700");
    EXPECT_EQ(record_of(event).parameters, many.parameters);
    EXPECT_NE(record_of(event).parameters_sha256, many.parameters_sha256);
}

TEST(TokenEventRelay, RecordsMoreThanItReadsAtOnceInTheirOrder)
{
    World world;
    for (int i = 0; i < 150; ++i) {
        ASSERT_TRUE(world.store->insert(token("tk_" + std::to_string(i)), alice));
    }
    testing::run([&](Runtime& runtime) -> Task<void> {
        TokenEventRelay relay{world.ends(runtime), co_await boost::asio::this_coro::executor};
        EXPECT_TRUE(co_await relay.drain());
    });
    ASSERT_EQ(world.trail.records.size(), 150U);
    for (std::size_t i = 0; i < 150; ++i) {
        const auto& told = world.trail.records[i].parameters;
        EXPECT_NE(told.find("\"tk_" + std::to_string(i) + '"'), std::string::npos) << told;
    }
}

TEST(TokenEventRelay, LetsEventsWaitWhileTheTrailRefusesThem)
{
    World world;
    world.trail.is_full = true;
    ASSERT_TRUE(world.store->insert(token("tk_1"), alice));
    testing::run([&](Runtime& runtime) -> Task<void> {
        TokenEventRelay relay{world.ends(runtime), co_await boost::asio::this_coro::executor};
        const auto refused = co_await relay.drain();
        EXPECT_TRUE(!refused && refused.error().code() == Errc::unavailable);
        EXPECT_EQ(world.store->pending_events(10)->size(), 1U);
        world.trail.is_full = false;
        EXPECT_TRUE(co_await relay.drain());
    });
    EXPECT_EQ(world.trail.records.size(), 1U);
    EXPECT_TRUE(world.store->pending_events(1)->empty());
}

TEST(TokenEventRelay, RecordsAnEventAgainAfterACrashOnlyAndUnderTheSameId)
{
    World world;
    ASSERT_TRUE(world.store->insert(token("tk_1"), alice));
    Unforgetting events{*world.store};
    testing::run([&](Runtime& runtime) -> Task<void> {
        auto ends = world.ends(runtime);
        const TokenEventRelay::Ends crashing{.tokens = *world.store,
                                             .events = events,
                                             .trail = world.trail,
                                             .blocking = runtime.blocking};
        const auto home = co_await boost::asio::this_coro::executor;
        TokenEventRelay before{crashing, home};
        EXPECT_FALSE(co_await before.drain());
        EXPECT_FALSE(co_await before.drain());
        EXPECT_EQ(world.trail.records.size(), 1U) << "the same process knows what it has recorded";
        TokenEventRelay after_restart{ends, home};
        EXPECT_TRUE(co_await after_restart.drain());
    });
    ASSERT_EQ(world.trail.records.size(), 2U);
    EXPECT_EQ(world.trail.records[0].request, world.trail.records[1].request);
    EXPECT_TRUE(world.store->pending_events(1)->empty());
}

TEST(TokenEventRelay, NoticesWhatAnotherProcessDoesUntilItIsStopped)
{
    const testing::TemporaryDirectory folder;
    World world;
    world.store = *store::SqliteStore::open({.path = folder.file("state.db")});
    const auto command = *store::SqliteStore::open({.path = folder.file("state.db")});
    ASSERT_TRUE(command->insert(token("tk_before"), alice));
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto home = co_await boost::asio::this_coro::executor;
        TokenEventRelay relay{world.ends(runtime), home, 1ms};
        boost::asio::co_spawn(home, relay.run(),
                              [](std::exception_ptr error) { EXPECT_FALSE(error); });
        const auto deadline = after(long_enough);
        boost::asio::steady_timer pause{home};
        const auto& records = world.trail.records;
        for (std::size_t wanted = 1; wanted <= 2; ++wanted) {
            while (records.size() < wanted && std::chrono::steady_clock::now() < deadline) {
                pause.expires_after(1ms);
                co_await pause.async_wait(boost::asio::use_awaitable);
            }
            EXPECT_EQ(records.size(), wanted);
            if (wanted == 1) {
                EXPECT_TRUE(command->revoke("tk_before", at(1), alice));
            }
        }
        // The relay is gone after this: run() must have ended.
        co_await relay.stop(deadline);
        EXPECT_LT(std::chrono::steady_clock::now(), deadline);
    });
}

TEST(ThisOperator, IsTheProcessesUser)
{
    const auto who = this_operator("a test");
    EXPECT_EQ(who.program, "a test");
    EXPECT_FALSE(who.user.empty());
    EXPECT_TRUE(who.detail.starts_with("uid " + std::to_string(::getuid()))) << who.detail;
}

}  // namespace
}  // namespace tailops::app
