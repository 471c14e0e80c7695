#include "gateway/store/call_keys.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace tailops::store {
namespace {

const CallKeyBounds roomy{};

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
        const auto first = store->reserve(reservation("r1"), roomy);
        ASSERT_TRUE(first && !*first);
    }
    const auto store = open(folder.file("state.db"));
    const auto reserved = store->reserve(reservation("r2"), roomy);
    ASSERT_TRUE(reserved && *reserved);
    EXPECT_EQ((*reserved)->request, "r1");
    EXPECT_EQ((*reserved)->fingerprint, "arguments");
    EXPECT_EQ((*reserved)->created, at(100'000));
    EXPECT_FALSE((*reserved)->outcome);

    ASSERT_TRUE(store->finish(reservation("r1"), ""));
    const auto finished = store->reserve(reservation("r3"), roomy);
    ASSERT_TRUE(finished && *finished);
    EXPECT_EQ((*finished)->outcome, "") << "an empty outcome is one";
}

TEST(SqliteCallKeys, TellsScopesApart)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy));
    auto others = std::vector(4, reservation("r2"));
    others[0].scope.principal = "bob";
    others[1].scope.tool = "u";
    others[2].scope.target = "db";
    others[3].scope.key = "K";
    for (const auto& other : others) {
        const auto got = store->reserve(other, roomy);
        EXPECT_TRUE(got && !*got);
    }
    EXPECT_TRUE(*store->reserve(reservation("r3"), roomy));
}

TEST(SqliteCallKeys, LetsOnlyTheHolderFinishAndReleaseAndOnlyOnce)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy));
    EXPECT_EQ(store->finish(reservation("r2"), "x").error().code(), Errc::not_found);
    EXPECT_TRUE(store->release(reservation("r2")));
    EXPECT_TRUE(*store->reserve(reservation("r3"), roomy)) << "still r1's";
    ASSERT_TRUE(store->finish(reservation("r1"), "first"));
    EXPECT_EQ(store->finish(reservation("r1"), "second").error().code(), Errc::not_found);
    EXPECT_TRUE(store->release(reservation("r1")));
    EXPECT_EQ((*store->reserve(reservation("r3"), roomy))->outcome, "first");
}

TEST(SqliteCallKeys, GivesAReleasedKeyToTheNext)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1"), roomy));
    ASSERT_TRUE(store->release(reservation("r1")));
    EXPECT_FALSE(*store->reserve(reservation("r2"), roomy));
    EXPECT_EQ((*store->reserve(reservation("r3"), roomy))->request, "r2");
}

TEST(SqliteCallKeys, ForgetsOutcomesAtTheirTimeAndReservationsLater)
{
    const CallKeyBounds short_memory{.retention = std::chrono::seconds{60},
                                     .unfinished_retention_min = std::chrono::seconds{3600}};
    const auto store = open(":memory:");
    ASSERT_TRUE(store->reserve(reservation("r1", "done"), short_memory));
    ASSERT_TRUE(store->finish(reservation("r1", "done"), "outcome"));
    ASSERT_TRUE(store->reserve(reservation("r2", "open"), short_memory));
    const auto is_kept = [&](const char* key, std::int64_t now) {
        auto wanted = reservation("later", key);
        wanted.when = at(now);
        const auto got = store->reserve(wanted, short_memory);
        return got && *got;
    };
    ASSERT_TRUE(store->forget_old(at(100'059), short_memory));
    EXPECT_TRUE(is_kept("done", 100'059));
    ASSERT_TRUE(store->forget_old(at(100'060), short_memory));
    EXPECT_FALSE(is_kept("done", 100'060));
    EXPECT_TRUE(is_kept("open", 103'599));
    EXPECT_FALSE(is_kept("open", 103'600));
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
                    reservation("r" + std::to_string(who), std::to_string(i)), roomy);
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
