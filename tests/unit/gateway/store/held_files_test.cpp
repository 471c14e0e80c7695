#include "gateway/core/text.hpp"
#include "tests/support/restore_database.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

namespace tailops::store {
namespace {

namespace fs = std::filesystem;
using testing::restore_database;

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

TEST(HeldFiles, HaveTheMarkThatWasLeftInThem)
{
    const Folder folder;
    const auto mark = [](std::int64_t number) {
        return StateMark{.epoch = "e", .number = number, .head_mac = {}, .written = at(1000)};
    };
    const auto store = open(folder.file("state.db"));
    ASSERT_TRUE(store->insert(token(), somebody));
    ASSERT_TRUE(store->set_mark(mark(1)));
    restore_database(folder.file("state.db"), folder.file("backup.db"));
    ASSERT_TRUE(store->revoke("tk_1", at(200), somebody));
    ASSERT_TRUE(store->set_mark(mark(2)));
    ASSERT_TRUE(store->generation());
    restore_database(folder.file("backup.db"), folder.file("state.db"));
    const auto asked = store->generation();
    EXPECT_TRUE(is_unavailable(*store, asked));
    EXPECT_NE(asked.error().detail().find("restored over it"), std::string::npos);
    EXPECT_TRUE(is_unavailable(*store, store->check_files()));
    EXPECT_FALSE(store->set_mark(mark(3))) << "the next start must see that it is older";
    EXPECT_EQ((*store->last_mark())->number, 1);
}

TEST(HeldFiles, AreSeenToBeOlderBeforeAMarkIsPutOverThem)
{
    const Folder folder;
    const auto mark = [](std::int64_t number) {
        return StateMark{.epoch = "e", .number = number, .head_mac = {}, .written = at(1000)};
    };
    const auto store = open(folder.file("state.db"));
    ASSERT_TRUE(store->set_mark(mark(1)));
    restore_database(folder.file("state.db"), folder.file("backup.db"));
    ASSERT_TRUE(store->set_mark(mark(2)));
    restore_database(folder.file("backup.db"), folder.file("state.db"));
    EXPECT_TRUE(is_unavailable(*store, store->set_mark(mark(3))));
}

TEST(HeldFiles, HaveEveryRevocationThatWasInThemWhateverTheMark)
{
    const Folder folder;
    const auto file = folder.file("state.db");
    const auto store = open(file), command = open(file);
    ASSERT_TRUE(store->insert(token(), somebody));
    restore_database(file, folder.file("backup.db"));
    ASSERT_TRUE(command->revoke("tk_1", at(200), somebody)) << "by another process";
    ASSERT_TRUE(store->generation());
    ASSERT_TRUE(store->check_files());
    restore_database(folder.file("backup.db"), file);
    EXPECT_TRUE(is_unavailable(*store, store->generation()));
    EXPECT_TRUE(is_unavailable(*store, store->check_files()));
}

CallKeyReservation key(const std::string& name)
{
    return {.scope = {.principal = "p", .tool = "t", .target = "one", .key = name},
            .fingerprint = "f",
            .request = "r-" + name,
            .when = at(1000)};
}

TEST(HeldFiles, ReserveNoKeyOnceThoseThatWereUsedAreGone)
{
    const Folder folder;
    const auto file = folder.file("state.db");
    const auto store = open(file);
    ASSERT_FALSE(*store->reserve(key("a"), {}, {}));
    restore_database(file, folder.file("backup.db"));
    ASSERT_FALSE(*store->reserve(key("b"), {}, {}));
    restore_database(folder.file("backup.db"), file);
    const auto again = store->reserve(key("b"), {}, {});
    EXPECT_TRUE(is_unavailable(*store, again)) << "it would run twice";
    EXPECT_TRUE(*store->reserve(key("a"), {}, {})) << "what is there is told";
}

TEST(HeldFiles, GoOnWithACopyThatLacksNothing)
{
    const Folder folder;
    const auto file = folder.file("state.db");
    const auto store = open(file);
    ASSERT_FALSE(*store->reserve(key("a"), {}, {}));
    ASSERT_TRUE(store->insert(token(), somebody));
    restore_database(file, folder.file("backup.db"));
    restore_database(folder.file("backup.db"), file);
    EXPECT_TRUE(store->generation());
    EXPECT_TRUE(store->check_files());
    EXPECT_FALSE(*store->reserve(key("b"), {}, {}));
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

TEST(MarkAtRest, AndAStartRefuseADatabaseWithADamagedPage)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    ASSERT_TRUE(open(path)->insert(token(), somebody));
    constexpr std::streamoff page_bytes = 4096;
    const auto pages = static_cast<std::streamoff>(fs::file_size(path)) / page_bytes;
    ASSERT_GT(pages, 5);
    const auto whole = [&] {
        std::ifstream in{path, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    }();
    // The first page is the file's own beginning, which even an open needs.
    for (std::streamoff page = 1; page < pages; ++page) {
        {
            std::ofstream file{path, std::ios::binary};
            auto damaged = whole;
            damaged.replace(static_cast<std::size_t>(page * page_bytes), page_bytes, page_bytes,
                            '\xFF');
            file << damaged;
        }
        const auto known = mark_at_rest(path);
        ASSERT_FALSE(known) << page;
        EXPECT_EQ(known.error().code(), Errc::unavailable);
        EXPECT_TRUE(known.error().detail().starts_with(path)) << known.error().detail();
        const auto store = SqliteStore::open({.path = path});
        ASSERT_FALSE(store) << page;
        EXPECT_EQ(store.error().code(), Errc::unavailable);
        EXPECT_NE(store.error().detail().find("put a backup in its place"), std::string::npos);
    }
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
