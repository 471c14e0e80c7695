#include "gateway/store/sqlite_store.hpp"

#include "auth/gateway_tokens.hpp"
#include "gateway/store/sqlite.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tailops::store {
namespace {

using auth::StoredToken;

TEST(SqliteStore, KeepsEverythingButTheTokenAcrossARestart)
{
    const Folder folder;
    {
        const auto store = open(folder.file("state.db"));
        ASSERT_TRUE(store->insert(token("tk_2", 200), operator_here));
        ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
        ASSERT_TRUE(store->revoke("tk_1", at(150), operator_here));
    }
    const auto tokens = open(folder.file("state.db"))->list();
    ASSERT_TRUE(tokens);
    ASSERT_EQ(tokens->size(), 2U);
    const auto& oldest = (*tokens)[0];
    EXPECT_EQ(oldest.id, "tk_1");
    EXPECT_EQ(oldest.subject, "alice");
    EXPECT_EQ(oldest.scopes, (std::set<std::string>{"container:read", "system:read"}));
    EXPECT_EQ(oldest.digest, sha256("tk_1"));
    EXPECT_EQ(oldest.created, at(100));
    EXPECT_EQ(oldest.expires, at(3700));
    EXPECT_EQ(oldest.revoked, at(150));
    EXPECT_EQ((*tokens)[1].id, "tk_2");
    EXPECT_FALSE((*tokens)[1].revoked);
}

TEST(SqliteStore, TakesEachIdAndEachTokenOnce)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
    EXPECT_EQ(store->insert(token("tk_1", 100), operator_here).error().code(),
              Errc::invalid_argument);
    auto same_digest = token("tk_2", 100);
    same_digest.digest = sha256("tk_1");
    EXPECT_EQ(store->insert(same_digest, operator_here).error().code(), Errc::invalid_argument);
    EXPECT_EQ(store->list()->size(), 1U);
}

TEST(SqliteStore, KeepsHostileTextAsText)
{
    const auto store = open(":memory:");
    auto hostile = token("x'); DROP TABLE gateway_tokens; --", 1);
    hostile.subject = std::string{"nul\0inside", 10};
    ASSERT_TRUE(store->insert(hostile, operator_here));
    EXPECT_EQ(store->list()->front().id, hostile.id);
    EXPECT_EQ(store->list()->front().subject, hostile.subject);
}

TEST(SqliteStore, RevokesOnceAndKeepsTheFirstTime)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
    EXPECT_TRUE(store->revoke("tk_1", at(150), operator_here));
    EXPECT_TRUE(store->revoke("tk_1", at(160), operator_here));
    EXPECT_EQ(store->list()->front().revoked, at(150));
    const auto unknown = store->revoke("tk_9", at(150), operator_here);
    EXPECT_EQ(unknown.error().code(), Errc::not_found);
    EXPECT_EQ(unknown.error().public_message(), "no token has the id \"tk_9\"");
}

std::string ids_in(SqliteStore& store)
{
    std::string ids;
    for (const auto& one : *store.list()) ids += one.id + ' ';
    return ids;
}

TEST(SqliteStore, ForgetsTokensThatEndedLongAgo)
{
    const auto store = open(":memory:");
    for (const auto& [id, created] :
         {std::pair{"expired", 100}, {"revoked", 100}, {"good", 5000}}) {
        ASSERT_TRUE(store->insert(token(id, created), operator_here));
    }
    ASSERT_TRUE(store->revoke("revoked", at(200), operator_here));
    const auto generation = *store->generation();
    ASSERT_TRUE(store->purge_tokens(at(199)));
    EXPECT_EQ(ids_in(*store), "expired revoked good ");
    ASSERT_TRUE(store->purge_tokens(at(200)));
    EXPECT_EQ(ids_in(*store), "expired good ");
    EXPECT_GT(*store->generation(), generation);
    ASSERT_TRUE(store->purge_tokens(at(3700)));
    EXPECT_EQ(ids_in(*store), "good ");
    EXPECT_EQ(store->pending_events(10)->size(), 4U) << "the trail still hears of all";
}

TEST(SqliteStore, ForgetsTheRevokedTokensOfOneSubject)
{
    const auto store = open(":memory:");
    for (const char* id : {"first", "second"}) {
        ASSERT_TRUE(store->insert(token(id, 100), operator_here));
    }
    auto others = token("bobs", 100);
    others.subject = "bob";
    ASSERT_TRUE(store->insert(others, operator_here));
    for (const char* id : {"first", "bobs"}) {
        ASSERT_TRUE(store->revoke(id, at(150), operator_here));
    }
    ASSERT_TRUE(store->purge_revoked_tokens("alice"));
    EXPECT_EQ(ids_in(*store), "second bobs ");
}

TEST(SqliteStore, ChangesItsGenerationForOwnAndForeignChangesOnly)
{
    const Folder folder;
    const auto ours = open(folder.file("state.db"));
    const auto theirs = open(folder.file("state.db"));
    auto last = *ours->generation();
    EXPECT_EQ(*ours->generation(), last);
    const auto changed = [&](auto change) {
        change();
        const auto now = *ours->generation();
        const bool differs = now != last;
        last = now;
        return differs;
    };
    EXPECT_TRUE(changed([&] { ASSERT_TRUE(ours->insert(token("tk_1", 1), operator_here)); }));
    EXPECT_TRUE(changed([&] { ASSERT_TRUE(theirs->insert(token("tk_2", 1), operator_here)); }));
    EXPECT_TRUE(changed([&] { ASSERT_TRUE(theirs->revoke("tk_1", at(5), operator_here)); }));
    EXPECT_TRUE(changed([&] { ASSERT_TRUE(ours->revoke("tk_2", at(5), operator_here)); }));
    EXPECT_FALSE(changed([&] { ASSERT_TRUE(theirs->list()); }));
    EXPECT_FALSE(changed([&] { ASSERT_TRUE(ours->list()); }));
}

TEST(SqliteStore, MakesItsFilesPrivate)
{
    const Folder folder;
    const auto mode = [&](const char* name) {
        struct stat status{};
        return ::stat(folder.file(name).c_str(), &status) == 0 ? status.st_mode & 0777 : 0U;
    };
    const auto old = ::umask(0);
    const auto store = open(folder.file("state.db"));
    ::umask(old);
    ASSERT_TRUE(store->insert(token("tk_1", 1), operator_here));
    EXPECT_EQ(mode("state.db"), 0600U);
    EXPECT_EQ(mode("state.db-wal"), 0600U);

    std::ofstream{folder.file("open.db")};
    ::chmod(folder.file("open.db").c_str(), 0644);
    open(folder.file("open.db"));
    EXPECT_EQ(mode("open.db"), 0600U);
}

TEST(SqliteStore, RefusesFilesThatItCannotTrust)
{
    const Folder folder;
    const auto why = [&](const char* name) {
        const auto store = SqliteStore::open({.path = folder.file(name)});
        return store ? std::string{} : store.error().describe();
    };
    EXPECT_NE(why("no/such/folder.db").find("No such file"), std::string::npos);

    std::ofstream{folder.file("text.db")} << std::string(8192, 'x');
    EXPECT_NE(why("text.db").find("not a database"), std::string::npos);

    open(folder.file("real.db"));
    std::filesystem::create_symlink(folder.file("real.db"), folder.file("link.db"));
    EXPECT_NE(why("link.db"), "");
    std::filesystem::create_directory(folder.file("folder.db"));
    EXPECT_NE(why("folder.db"), "");
}

TEST(SqliteStore, RefusesTheDatabaseOfANewerGateway)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    open(path);
    {
        auto database = Database::open({.path = path});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute("INSERT INTO schema_version (version) VALUES (999)"));
    }
    const auto store = SqliteStore::open({.path = path});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code(), Errc::unavailable);
    EXPECT_NE(store.error().public_message().find("newer version (schema 999)"), std::string::npos);
}

TEST(SqliteStore, RollsBackATransactionThatIsNotCommitted)
{
    auto database = Database::open({.path = ":memory:"});
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE t (x)"));
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)"));
    }
    auto count = database->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(count && *count->step());
    EXPECT_EQ(count->integer(0), 0);
}

TEST(SqliteStore, KeepsWhatBefellATokenUntilItIsForgotten)
{
    const Folder folder;
    {
        const auto store = open(folder.file("state.db"));
        ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
        ASSERT_TRUE(store->revoke("tk_1", at(150), {.user = "alice", .detail = "", .program = ""}));
    }
    const auto store = open(folder.file("state.db"));
    const auto events = store->pending_events(10);
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 2U);
    const auto& minted = (*events)[0];
    EXPECT_EQ(minted.kind, auth::TokenEvent::Kind::minted);
    EXPECT_EQ(minted.when, at(100));
    EXPECT_EQ(minted.by.user, "ops");
    EXPECT_EQ(minted.by.detail, "uid 7");
    EXPECT_EQ(minted.by.program, "a test");
    EXPECT_EQ(minted.token, "tk_1");
    EXPECT_EQ(minted.subject, "alice");
    EXPECT_EQ(minted.scopes, (std::set<std::string>{"container:read", "system:read"}));
    EXPECT_EQ(minted.expires, at(3700));
    const auto& revoked = (*events)[1];
    EXPECT_EQ(revoked.kind, auth::TokenEvent::Kind::revoked);
    EXPECT_EQ(revoked.when, at(150));
    EXPECT_EQ(revoked.by.user, "alice");
    EXPECT_EQ(revoked.token, "tk_1");
    EXPECT_NE(revoked.id, minted.id);
    EXPECT_EQ(store->pending_events(1)->front().id, minted.id);

    ASSERT_TRUE(store->forget_events(minted.number));
    ASSERT_EQ(store->pending_events(10)->size(), 1U);
    EXPECT_EQ(store->pending_events(10)->front().id, revoked.id);
}

TEST(SqliteStore, NumbersEventsOnAfterAllOfThemAreForgotten)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
    const auto first = store->pending_events(10)->front().number;
    ASSERT_TRUE(store->forget_events(first));
    EXPECT_TRUE(store->pending_events(10)->empty());
    ASSERT_TRUE(store->insert(token("tk_2", 100), operator_here));
    EXPECT_GT(store->pending_events(10)->front().number, first);
}

TEST(SqliteStore, TellsOfNoEventWhereNothingChanged)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
    ASSERT_TRUE(store->revoke("tk_1", at(150), operator_here));
    ASSERT_EQ(store->pending_events(10)->size(), 2U);

    ASSERT_FALSE(store->insert(token("tk_1", 100), operator_here));
    ASSERT_TRUE(store->revoke("tk_1", at(160), operator_here));
    ASSERT_FALSE(store->revoke("tk_9", at(150), operator_here));
    EXPECT_EQ(store->pending_events(10)->size(), 2U);
}

/// A token without its event, or the other way round, would be one that nobody can account for.
TEST(SqliteStore, KeepsNeitherTokenNorRevocationWhenTheEventCannotBeKept)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    const auto store = open(path);
    ASSERT_TRUE(store->insert(token("tk_1", 100), operator_here));
    auto other = Database::open({.path = path});
    ASSERT_TRUE(other);
    ASSERT_TRUE(
        other->execute("CREATE TRIGGER full BEFORE INSERT ON token_events"
                       " BEGIN SELECT RAISE(ABORT, 'no room'); END"));
    EXPECT_FALSE(store->insert(token("tk_2", 100), operator_here));
    EXPECT_FALSE(store->revoke("tk_1", at(150), operator_here));
    ASSERT_TRUE(other->execute("DROP TRIGGER full"));
    ASSERT_EQ(store->list()->size(), 1U);
    EXPECT_FALSE(store->list()->front().revoked);
    EXPECT_TRUE(store->insert(token("tk_2", 100), operator_here));
}

TEST(SqliteStore, BringsADatabaseOfTheFirstSchemaUpToDate)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    ASSERT_TRUE(open(path)->insert(token("tk_1", 100), operator_here));
    {
        auto database = Database::open({.path = path});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute(back_to_first_schema));
    }
    const auto store = open(path);
    EXPECT_EQ(store->list()->size(), 1U);
    ASSERT_TRUE(store->revoke("tk_1", at(150), operator_here));
    EXPECT_EQ(store->pending_events(10)->size(), 1U);
}

/// The daemon and `tailops token` on one file.
TEST(SqliteStore, TellsTheDaemonOfTokensThatAnotherProcessMintsAndRevokes)
{
    const Folder folder;
    const auto daemon = open(folder.file("state.db"));
    const auto command = open(folder.file("state.db"));
    const auto clock = std::make_shared<Clock>();
    const auto minted = auth::mint(
        {.subject = "ci", .scopes = {}, .lifetime = std::chrono::hours{1}}, clock->now());
    ASSERT_TRUE(minted);
    testing::run([&](Runtime& runtime) -> Task<void> {
        auth::GatewayTokenSettings always;
        always.stale_after = std::chrono::milliseconds{0};
        auth::GatewayTokenAuthenticator tokens{daemon, runtime.io.get_executor(), runtime.blocking,
                                               clock, always};
        const auto deadline = after(std::chrono::seconds{20});
        const auto before = co_await tokens.authenticate(minted->text.clone(), deadline);
        EXPECT_TRUE(!before && before.error().code() == Errc::unauthenticated);
        EXPECT_TRUE(command->insert(minted->stored, operator_here));
        const auto known = co_await tokens.authenticate(minted->text.clone(), deadline);
        EXPECT_TRUE(known && known->subject.view() == "ci");
        EXPECT_TRUE(command->revoke(minted->stored.id, clock->now(), operator_here));
        const auto revoked = co_await tokens.authenticate(minted->text.clone(), deadline);
        EXPECT_EQ(revoked ? "accepted" : revoked.error().public_message(),
                  "the token has been revoked");
    });
}

}  // namespace
}  // namespace tailops::store
