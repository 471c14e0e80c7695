#include "gateway/store/call_keys.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace tailops::store {
namespace {

const CallKeyBounds roomy{};
const CallKeyUse nobody_runs{};

CallKeyReservation reservation(const std::string& request, const std::string& key = "k")
{
    return {.scope = {.principal = "alice", .tool = "t", .target = "web", .key = key},
            .fingerprint = "arguments",
            .request = request,
            .when = at(100'000)};
}

TEST(SqliteCallKeys, TellsWhatTheFirstLeftAcrossARestart)
{
    const Folder folder;
    {
        const auto store = open(folder.file("state.db"));
        const auto first = store->reserve(reservation("r1"), roomy, nobody_runs);
        ASSERT_TRUE(first && !*first);
    }
    const auto store = open(folder.file("state.db"));
    const auto reserved = store->reserve(reservation("r2"), roomy, nobody_runs);
    ASSERT_TRUE(reserved && *reserved);
    EXPECT_EQ((*reserved)->request, "r1");
    EXPECT_EQ((*reserved)->fingerprint, "arguments");
    EXPECT_EQ((*reserved)->since, at(100'000));
    EXPECT_FALSE((*reserved)->outcome);

    ASSERT_TRUE(store->finish(reservation("r1"), "", at(100'000)));
    const auto finished = store->reserve(reservation("r3"), roomy, nobody_runs);
    ASSERT_TRUE(finished && *finished);
    EXPECT_EQ((*finished)->outcome, "") << "an empty outcome is one";
}

TEST(SqliteCallKeys, TellsScopesApart)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy, nobody_runs));
    auto others = std::vector(4, reservation("r2"));
    others[0].scope.principal = "bob";
    others[1].scope.tool = "u";
    others[2].scope.target = "db";
    others[3].scope.key = "K";
    for (const auto& other : others) {
        const auto got = store->reserve(other, roomy, nobody_runs);
        EXPECT_TRUE(got && !*got);
    }
    EXPECT_TRUE(*store->reserve(reservation("r3"), roomy, nobody_runs));
}

TEST(SqliteCallKeys, LetsOnlyTheHolderFinishAndReleaseAndOnlyOnce)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy, nobody_runs));
    EXPECT_EQ(store->finish(reservation("r2"), "x", at(100'000)).error().code(), Errc::not_found);
    EXPECT_TRUE(store->release(reservation("r2")));
    EXPECT_TRUE(*store->reserve(reservation("r3"), roomy, nobody_runs)) << "still r1's";
    ASSERT_TRUE(store->finish(reservation("r1"), "first", at(100'000)));
    EXPECT_EQ(store->finish(reservation("r1"), "second", at(100'000)).error().code(),
              Errc::not_found);
    EXPECT_TRUE(store->release(reservation("r1")));
    EXPECT_EQ((*store->reserve(reservation("r3"), roomy, nobody_runs))->outcome, "first");
}

TEST(SqliteCallKeys, GivesAReleasedKeyToTheNext)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy, nobody_runs));
    ASSERT_TRUE(store->release(reservation("r1")));
    EXPECT_FALSE(*store->reserve(reservation("r2"), roomy, nobody_runs));
    EXPECT_EQ((*store->reserve(reservation("r3"), roomy, nobody_runs))->request, "r2");
}

TEST(SqliteCallKeys, ForgetsOutcomesAtTheirTimeAndReservationsLater)
{
    const CallKeyBounds short_memory{.retention = std::chrono::seconds{60},
                                     .unfinished_retention_min = std::chrono::seconds{3600}};
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1", "done"), short_memory, nobody_runs));
    ASSERT_TRUE(store->finish(reservation("r1", "done"), "outcome", at(100'000)));
    ASSERT_TRUE(store->reserve(reservation("r2", "open"), short_memory, nobody_runs));
    const auto is_kept = [&](const char* key, std::int64_t now) {
        auto wanted = reservation("later", key);
        wanted.when = at(now);
        const auto got = store->reserve(wanted, short_memory, nobody_runs);
        return got && *got;
    };
    ASSERT_TRUE(store->forget_old(at(100'059), short_memory, nobody_runs));
    EXPECT_TRUE(is_kept("done", 100'059));
    ASSERT_TRUE(store->forget_old(at(100'060), short_memory, nobody_runs));
    EXPECT_FALSE(is_kept("done", 100'060));
    EXPECT_TRUE(is_kept("open", 103'599));
    EXPECT_FALSE(is_kept("open", 103'600));
}

TEST(SqliteCallKeys, ForgetsNothingThatMayBeYoungerThanItSays)
{
    const CallKeyBounds minute{.retention = std::chrono::seconds{60},
                               .unfinished_retention_min = std::chrono::seconds{3600}};
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1", "done"), minute, nobody_runs));
    ASSERT_TRUE(store->finish(reservation("r1", "done"), "outcome", at(100'000)));
    ASSERT_TRUE(store->reserve(reservation("r2", "open"), minute, nobody_runs));
    const auto is_kept = [&](const char* key, const CallKeyUse& use) {
        auto wanted = reservation("later", key);
        wanted.when = at(200'000'000);  // a clock without a battery has heard of the time
        const auto got = store->reserve(wanted, minute, use);
        return got && *got;
    };
    EXPECT_TRUE(is_kept("done", {.watched_for = std::chrono::seconds{59}}));
    EXPECT_FALSE(is_kept("done", {.watched_for = std::chrono::seconds{60}}));
    EXPECT_TRUE(is_kept("open", {.watched_for = std::chrono::seconds{3599}}));
    const CallKeyUse runs{.is_running = [](const std::string& request) { return request == "r2"; }};
    EXPECT_TRUE(is_kept("open", runs));
    EXPECT_FALSE(is_kept("open", nobody_runs));
}

TEST(SqliteCallKeys, ForgetsWhatAClockThatWasAheadHasDated)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy, nobody_runs));
    ASSERT_TRUE(store->finish(reservation("r1"), "outcome", at(100'000)));
    auto wanted = reservation("r2");
    wanted.when = at(100'000 - 3600);
    EXPECT_TRUE(*store->reserve(wanted, roomy, nobody_runs)) << "calls at once differ by less";
    wanted.when = at(100'000 - 3601);
    EXPECT_TRUE(*store->reserve(wanted, roomy, {.watched_for = std::chrono::seconds{60}}));
    EXPECT_FALSE(*store->reserve(wanted, roomy, nobody_runs));
}

TEST(SqliteCallKeys, MakeRoomAtTheCostOfWhoeverHoldsMost)
{
    const CallKeyBounds three{.keys_max = 3, .replaceable_after = std::chrono::seconds{60}};
    const auto store = open(":memory:");
    const auto reserve = [&](const char* principal, const char* key, std::int64_t when) {
        auto wanted = reservation(key, key);
        wanted.scope.principal = principal;
        wanted.when = at(when);
        const auto got = store->reserve(wanted, three, nobody_runs);
        if (got) return *got ? std::string{"kept"} : std::string{"new"};
        return got.error().public_message();
    };
    const auto finish = [&](const char* principal, const char* key) {
        auto held = reservation(key, key);
        held.scope.principal = principal;
        ASSERT_TRUE(store->finish(held, "x", at(1000)));
    };
    EXPECT_EQ(reserve("bob", "b1", 999), "new");
    finish("bob", "b1");
    EXPECT_EQ(reserve("alice", "a1", 1000), "new");
    EXPECT_EQ(reserve("alice", "a2", 1000), "new");
    EXPECT_NE(reserve("carol", "c1", 2000).find("as many idempotency keys as it may"),
              std::string::npos)
        << "alice's have not ended: nobody knows what they came to";
    finish("alice", "a1");
    EXPECT_NE(reserve("carol", "c1", 1059).find("as many"), std::string::npos) << "too young";
    EXPECT_EQ(reserve("carol", "c1", 1060), "new");
    EXPECT_EQ(reserve("bob", "b1", 1060), "kept");
    EXPECT_EQ(reserve("alice", "a2", 1060), "kept");
}

TEST(SqliteCallKeys, GivesAKeyToOneOfManyProcesses)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    open(path);
    std::vector<pid_t> children;
    for (int who = 0; who < 4; ++who) {
        const auto child = ::fork();
        if (child == 0) {
            const auto store =
                SqliteStore::open({.path = path, .busy_timeout = std::chrono::seconds{30}});
            int firsts = store ? 0 : 100;
            for (int i = 0; store && i < 10; ++i) {
                const auto got = (*store)->reserve(
                    reservation("r" + std::to_string(who), std::to_string(i)), roomy, nobody_runs);
                firsts += got ? (*got ? 0 : 1) : 100;
            }
            ::_exit(firsts);
        }
        children.push_back(child);
    }
    int firsts = 0;
    for (const auto child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        firsts += WEXITSTATUS(status);
    }
    EXPECT_EQ(firsts, 10);
}

}  // namespace
}  // namespace tailops::store
