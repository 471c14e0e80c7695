#include "auth/gateway_tokens.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/support/faulty_sqlite.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace tailops::store {
namespace {

const auth::TokenActor somebody{.user = "ops", .detail = "uid 7", .program = "a test"};

StateMark mark(std::int64_t number)
{
    return {.epoch = "0123456789abcdef",
            .number = number,
            .head_seq = 40 + static_cast<std::uint64_t>(number),
            .head_mac = std::string(64, 'a'),
            .written = at(1000 + number)};
}

auth::StoredToken token(const std::string& id)
{
    auth::StoredToken made;
    made.id = id;
    made.subject = "alice";
    made.digest = sha256(id);
    made.created = at(100);
    made.expires = at(1'000'000);
    return made;
}

CallKeyReservation key(const std::string& name, const std::string& fingerprint)
{
    return {.scope = {.principal = "p", .tool = "t", .target = "one", .key = name},
            .fingerprint = fingerprint,
            .request = "r-" + name,
            .when = at(1000)};
}

TEST(StateMarks, KeepTheLastOneAcrossARestart)
{
    const Folder folder;
    {
        const auto store = open(folder.file("state.db"));
        ASSERT_TRUE(store->last_mark());
        EXPECT_FALSE(*store->last_mark());
        ASSERT_TRUE(store->set_mark(mark(1)));
        ASSERT_TRUE(store->set_mark(mark(2)));
    }
    const auto kept = open(folder.file("state.db"))->last_mark();
    ASSERT_TRUE(kept);
    ASSERT_TRUE(*kept);
    EXPECT_EQ((*kept)->epoch, mark(2).epoch);
    EXPECT_EQ((*kept)->number, 2);
    EXPECT_EQ((*kept)->head_seq, 42U);
    EXPECT_EQ((*kept)->head_mac, mark(2).head_mac);
    EXPECT_EQ((*kept)->written, mark(2).written);
}

TEST(StateMarks, RestoreWhatWasForgottenAndNothingElse)
{
    const auto store = open(":memory:");
    for (const auto* id : {"tk_1", "tk_2", "tk_3"}) ASSERT_TRUE(store->insert(token(id), somebody));
    ASSERT_TRUE(store->revoke("tk_2", at(500), somebody));
    ASSERT_FALSE(*store->reserve(key("known", "mine"), {}, {}));
    const auto events = store->pending_events(100)->size();
    const auto generation = *store->generation();

    ForgottenState forgotten;
    forgotten.revocations = {{"tk_1", at(700)}, {"tk_2", at(700)}, {"tk_of_nobody", at(700)}};
    forgotten.keys = {key("known", ""), key("lost", "")};
    const auto restored = store->restore(forgotten);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->revocations, 1U);
    EXPECT_EQ(restored->keys, 1U);
    const auto tokens = *store->list();
    EXPECT_EQ(tokens[0].revoked, at(700));
    EXPECT_EQ(tokens[1].revoked, at(500));
    EXPECT_FALSE(tokens[2].revoked);
    EXPECT_NE(*store->generation(), generation);            // whoever has it cached looks again
    EXPECT_EQ(store->pending_events(100)->size(), events);  // the trail has them

    const auto lost = *store->reserve(key("lost", "other arguments"), {}, {});
    ASSERT_TRUE(lost);
    EXPECT_TRUE(lost->fingerprint.empty());
    EXPECT_FALSE(lost->outcome);
    EXPECT_EQ((*store->reserve(key("known", "mine"), {}, {}))->fingerprint, "mine");
    EXPECT_FALSE(*store->reserve(key("new", "x"), {}, {}));
}

TEST(StateMarks, NameTheFileAndTheRemedyOfADamagedDatabase)
{
    const Folder folder;
    const auto file = folder.file("state.db");
    {
        const auto store = open(file);
        ASSERT_TRUE(store->insert(token("tk_1"), somebody));
    }
    std::fstream page{file, std::ios::in | std::ios::out | std::ios::binary};
    page.seekp(100);  // the schema's own page
    page << std::string(2000, 'x');
    page.close();
    const auto refused = SqliteStore::open({.path = file});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
    const auto told = refused.error().describe();
    EXPECT_NE(told.find(file), std::string::npos) << told;
    EXPECT_NE(told.find("backup"), std::string::npos) << told;
}

TEST(StateMarks, LeaveThingsAsTheyWereOnADiskThatRefuses)
{
    const Folder folder;
    const testing::FaultySqlite faulty;
    const auto store = open(folder.file("state.db"));
    ASSERT_TRUE(store->insert(token("tk_1"), somebody));
    ASSERT_TRUE(store->set_mark(mark(1)));
    for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
        testing::FaultySqlite::fail(code);
        EXPECT_FALSE(store->set_mark(mark(2)));
        EXPECT_FALSE(store->restore({.revocations = {{"tk_1", at(700)}}, .keys = {}}));
        testing::FaultySqlite::mend();
        EXPECT_EQ((*store->last_mark())->number, 1);
        EXPECT_FALSE(store->list()->front().revoked);
    }
    EXPECT_TRUE(store->set_mark(mark(2)));
    EXPECT_EQ((*store->last_mark())->number, 2);
}

}  // namespace
}  // namespace tailops::store
