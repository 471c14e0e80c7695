#include "gateway/store/sqlite.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <future>

/// One database, held by several processes.
namespace tailops::store {
namespace {

TEST(SqliteStore, SaysBusyWhenAnotherProcessHoldsTheDatabase)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    const auto store =
        SqliteStore::open({.path = path, .busy_timeout = std::chrono::milliseconds{10}});
    ASSERT_TRUE(store);
    auto other = Database::open({.path = path});
    ASSERT_TRUE(other);
    {
        auto held = Transaction::begin(*other);
        ASSERT_TRUE(held);
        EXPECT_EQ((*store)->insert(token("tk_1", 1), operator_here).error().code(), Errc::busy);
        EXPECT_TRUE((*store)->list()) << "readers do not wait for a writer";
    }
    EXPECT_TRUE((*store)->insert(token("tk_1", 1), operator_here));
}

TEST(SqliteStore, IsReadWhileAChangeWaitsForAnotherProcess)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    const auto store = SqliteStore::open({.path = path, .busy_timeout = std::chrono::minutes{2}});
    ASSERT_TRUE(store);
    auto other = Database::open({.path = path});
    ASSERT_TRUE(other);
    auto held = Transaction::begin(*other);
    ASSERT_TRUE(held);
    std::promise<void> begins;
    auto waiting = std::async(std::launch::async, [&] {
        begins.set_value();
        return (*store)->insert(token("tk_1", 1), operator_here);
    });
    begins.get_future().wait();
    // Long enough for the change to be in the middle of its wait: callers are known meanwhile.
    for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE((*store)->generation());
        ASSERT_EQ((*store)->list()->size(), 0U);
    }
    ASSERT_TRUE(held->commit());
    EXPECT_TRUE(waiting.get());
    EXPECT_EQ((*store)->list()->size(), 1U);
}

TEST(SqliteStore, LosesNothingWhenProcessesOpenAndWriteAtOnce)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    constexpr int processes = 4;
    constexpr int each = 10;
    std::vector<pid_t> children;
    for (int who = 0; who < processes; ++who) {
        const auto child = ::fork();
        if (child == 0) {
            const auto store =
                SqliteStore::open({.path = path, .busy_timeout = std::chrono::seconds{30}});
            int failures = store ? 0 : 100;
            for (int i = 0; store && i < each; ++i) {
                const auto id = "tk_" + std::to_string(who) + "_" + std::to_string(i);
                failures += (*store)->insert(token(id, i), operator_here) ? 0 : 1;
            }
            ::_exit(failures);
        }
        children.push_back(child);
    }
    for (const auto child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
    EXPECT_EQ(open(path)->list()->size(), static_cast<std::size_t>(processes * each));
}

}  // namespace
}  // namespace tailops::store
