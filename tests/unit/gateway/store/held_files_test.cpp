#include "gateway/core/text.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

namespace tailops::store {
namespace {

namespace fs = std::filesystem;

const auth::TokenActor somebody{.user = "ops", .detail = "uid 7", .program = "a test"};

auth::StoredToken token()
{
    auth::StoredToken made;
    made.id = "tk_1";
    made.subject = "alice";
    made.digest = sha256("t");
    made.created = at(100);
    made.expires = at(1'000'000);
    return made;
}

bool is_unavailable(const SqliteStore& store, const auto& asked)
{
    return store.is_replaced() && !asked && asked.error().code() == Errc::unavailable;
}

TEST(HeldFiles, AreTheOnesThatHaveTheNames)
{
    const Folder folder;
    const auto store = open(folder.file("state.db"));
    ASSERT_TRUE(store->insert(token(), somebody));
    {
        // Another process's connection that comes and goes leaves -wal and -shm where they are.
        const auto other = open(folder.file("state.db"));
        ASSERT_TRUE(other->revoke("tk_1", at(200), somebody));
        EXPECT_EQ(other->file(), store->file());
    }
    EXPECT_TRUE(store->check_files());
    EXPECT_TRUE(store->generation());
    EXPECT_FALSE(store->is_replaced());
    EXPECT_TRUE(store->list()->front().revoked);
}

TEST(HeldFiles, AreNotOnceANameLeadsElsewhere)
{
    using Deed = void (*)(const Folder&);
    constexpr Deed deeds[] = {
        [](const Folder& folder) {
            fs::copy_file(folder.file("state.db"), folder.file("copy"));
            fs::rename(folder.file("copy"), folder.file("state.db"));
        },
        [](const Folder& folder) { fs::rename(folder.file("state.db"), folder.file("aside")); },
        [](const Folder& folder) { fs::remove(folder.file("state.db")); },
        [](const Folder& folder) { fs::remove(folder.file("state.db-wal")); },
        [](const Folder& folder) { fs::remove(folder.file("state.db-shm")); },
    };
    for (const auto deed : deeds) {
        const Folder folder;
        const auto store = open(folder.file("state.db"));
        ASSERT_TRUE(store->generation());
        deed(folder);
        EXPECT_TRUE(is_unavailable(*store, store->generation()));
        EXPECT_TRUE(is_unavailable(*store, store->check_files()));
    }
}

TEST(HeldFiles, StayReplacedWhenTheOldOnesComeBack)
{
    const Folder folder;
    const auto store = open(folder.file("state.db"));
    fs::rename(folder.file("state.db"), folder.file("aside"));
    ASSERT_FALSE(store->check_files());
    fs::rename(folder.file("aside"), folder.file("state.db"));
    const auto checked = store->check_files();
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().detail().find("restart the gateway"), std::string::npos);
}

TEST(HeldFiles, AreNoneOfADatabaseInMemory)
{
    const auto store = open(":memory:");
    EXPECT_TRUE(store->check_files());
    EXPECT_TRUE(store->generation());
    EXPECT_FALSE(store->file());
}

TEST(HeldFiles, WaitForNobodyWhoWritesIntoAFifo)
{
    for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) {
        const Folder folder;
        const auto name = folder.file("state.db") + suffix;
        ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
        const auto store = SqliteStore::open({.path = folder.file("state.db")});
        ASSERT_FALSE(store);
        EXPECT_EQ(store.error().detail(), name + ": it is a FIFO, not a regular file");
    }
}

TEST(MarkAtRest, IsTheOneThatTheLastRunLeft)
{
    const Folder folder;
    const auto path = folder.file("a #1?%20.db");
    const StateMark mark{.epoch = "e",
                         .number = 3,
                         .head_seq = 40,
                         .head_mac = std::string(64, 'a'),
                         .written = at(1000)};
    {
        const auto store = open(path);
        ASSERT_TRUE(store->set_mark(mark));
    }
    const auto before = fs::last_write_time(path);
    const auto known = mark_at_rest(path);
    ASSERT_TRUE(known) << known.error().describe();
    ASSERT_TRUE(*known);
    EXPECT_EQ((*known)->head_seq, 40U);
    EXPECT_EQ((*known)->head_mac, mark.head_mac);
    EXPECT_EQ((*known)->written, mark.written);
    EXPECT_EQ(fs::last_write_time(path), before);
    EXPECT_FALSE(fs::exists(path + "-wal"));
    EXPECT_FALSE(fs::exists(path + "-shm"));
}

TEST(MarkAtRest, IsNoneOfADatabaseWithoutOne)
{
    const Folder folder;
    open(folder.file("state.db"));
    EXPECT_FALSE(*mark_at_rest(folder.file("state.db")));
    std::ofstream{folder.file("empty.db")};
    EXPECT_FALSE(*mark_at_rest(folder.file("empty.db")));
    std::ofstream{folder.file("text.db")} << std::string(8192, 'x');
    EXPECT_FALSE(mark_at_rest(folder.file("text.db")));
    EXPECT_FALSE(mark_at_rest(folder.file("gone.db")));
}

}  // namespace
}  // namespace tailops::store
