#include "gateway/app/continuity.hpp"

#include "auth/gateway_tokens.hpp"
#include "gateway/app/token_event_relay.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/support/restore_database.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace tailops::app {
namespace {
namespace fs = std::filesystem;

const auth::TokenActor alice{.user = "alice", .detail = "uid 1000", .program = "tailops token"};

/// A gateway's database and trail, and its runs: each opens both, compares, does something, and
/// ends in order. The key is elsewhere, as docs/audit.md recommends.
class ContinuityTest : public ::testing::Test {
protected:
    using Deed =
        std::function<Task<void>(store::SqliteStore&, audit::JsonlTrail&, Continuity&, Runtime&)>;

    void run(Deed deed = {})
    {
        testing::run([&](Runtime& runtime) -> Task<void> {
            audit::TrailSettings settings{.directory = trail(), .key = key()};
            auto opened = audit::JsonlTrail::open(std::move(settings), clock_);
            if (!opened) throw std::runtime_error{opened.error().describe()};
            const auto store = open_store();
            Continuity continuity{{.marks = *store,
                                   .trail = **opened,
                                   .trail_folder = trail(),
                                   .blocking = runtime.blocking,
                                   .clock = clock_}};
            EXPECT_TRUE(continuity.compare());
            EXPECT_TRUE(co_await continuity.mark());
            if (deed) co_await deed(*store, **opened, continuity, runtime);
            const auto last = co_await continuity.mark();
            EXPECT_TRUE(last || store->is_replaced());
        });
    }

    /// Mints tk_1 in a run of its own.
    void mint()
    {
        run([](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity&,
               Runtime& runtime) -> Task<void> {
            EXPECT_TRUE(store.insert({.id = "tk_1",
                                      .subject = "ci",
                                      .scopes = {},
                                      .digest = sha256("t"),
                                      .created = {},
                                      .expires = TimePoint::max(),
                                      .revoked = {}},
                                     alice));
            co_await relay(store, trail, runtime);
        });
    }

    static Task<void> relay(store::SqliteStore& store, audit::JsonlTrail& trail, Runtime& runtime)
    {
        TokenEventRelay relay{
            {.tokens = store, .events = store, .trail = trail, .blocking = runtime.blocking},
            runtime.io.get_executor()};
        EXPECT_TRUE(co_await relay.drain());
    }

    /// Revokes tk_1 and spends an idempotency key in a run of its own.
    void revoke_and_spend()
    {
        run([this](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity&,
                   Runtime& runtime) -> Task<void> {
            EXPECT_TRUE(store.revoke("tk_1", clock_.now(), alice));
            co_await relay(store, trail, runtime);
            auto record = spending("k");
            EXPECT_TRUE(co_await trail.append(record, audit::Durability::durable));
            record.phase = audit::Phase::outcome;
            record.outcome = "ok";
            EXPECT_TRUE(co_await trail.append(record, audit::Durability::durable));
            auto looked = spending("only-looked");
            looked.tier = Tier::observe;
            looked.outcome = "refused";
            EXPECT_TRUE(co_await trail.append(looked, audit::Durability::durable));
        });
    }

    audit::Record spending(const std::string& key) const
    {
        audit::Record record;
        record.phase = audit::Phase::intent;
        record.request = RequestId{"r-" + key};
        record.subject = "idp|bob";
        record.tool = ToolName{"execute_command"};
        record.target = TargetId{"one"};
        record.tier = Tier::control;
        record.effect = policy::Effect::allow;
        record.idempotency_key = key;
        return record;
    }

    static store::CallKeyReservation reservation(const std::string& key)
    {
        return {.scope = {.principal = "idp|bob",
                          .tool = "execute_command",
                          .target = "one",
                          .key = key},
                .fingerprint = "f",
                .request = "r-new",
                .when = std::chrono::system_clock::now()};
    }

    std::shared_ptr<store::SqliteStore> open_store() const
    {
        auto store = store::SqliteStore::open({.path = database()});
        if (!store) throw std::runtime_error{store.error().describe()};
        return *store;
    }

    static Secret key() { return Secret{std::string(32, 'k')}; }
    fs::path trail() const { return folder_.path() / "audit"; }
    std::string database() const { return folder_.file("tailops.db"); }

    /// Events of this outcome, oldest first.
    std::vector<std::string> told(std::string_view outcome) const
    {
        std::vector<std::string> told;
        const auto count = audit::query(trail(),
                                        {.filter = {.outcome = std::string{outcome}},
                                         .order = audit::Query::Order::oldest_first},
                                        [&](const audit::StoredRecord& stored) {
                                            told.push_back(stored.record.why);
                                            return true;
                                        });
        EXPECT_TRUE(count);
        return told;
    }
    audit::Report verified() const { return *audit::verify(trail(), key()); }

    testing::TemporaryDirectory folder_;
    Clock clock_;
};

TEST_F(ContinuityTest, FindsNothingInRunsThatFollowOneAnother)
{
    mint();
    revoke_and_spend();
    run();
    EXPECT_TRUE(told(audit::outcome_alarm).empty());
    EXPECT_TRUE(told(audit::outcome_notice).empty());
    EXPECT_TRUE(verified().is_sound());
    EXPECT_TRUE(verified().notes.empty());
    EXPECT_FALSE(*open_store()->reserve(reservation("k"), {}, {}));  // nothing was given back
}

TEST_F(ContinuityTest, PutsADatabaseThatWasRolledBackOnTheSafeSide)
{
    mint();
    fs::copy_file(database(), folder_.file("backup.db"));
    revoke_and_spend();
    fs::copy_file(folder_.file("backup.db"), database(), fs::copy_options::overwrite_existing);
    ASSERT_FALSE(open_store()->list()->front().revoked);
    run();
    const auto store = open_store();
    EXPECT_TRUE(store->list()->front().revoked);
    const auto spent = *store->reserve(reservation("k"), {}, {});
    ASSERT_TRUE(spent);
    EXPECT_EQ(spent->request, "r-k");
    EXPECT_FALSE(spent->outcome);
    EXPECT_FALSE(*store->reserve(reservation("only-looked"), {}, {}));
    EXPECT_FALSE(*store->reserve(reservation("never-used"), {}, {}));
    const auto notices = told(audit::outcome_notice);
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_NE(notices[0].find("older copy"), std::string::npos);
    EXPECT_TRUE(notices[1].starts_with("1 token(s)"));
    EXPECT_TRUE(verified().is_sound());
    EXPECT_EQ(verified().notes.size(), 2U);
    run();
    EXPECT_EQ(told(audit::outcome_notice).size(), 2U);
}

TEST_F(ContinuityTest, NoticesADatabaseThatWasEmptied)
{
    mint();
    revoke_and_spend();
    fs::resize_file(database(), 0);
    run();
    const auto notices = told(audit::outcome_notice);
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_NE(notices[0].find("emptied"), std::string::npos);
    EXPECT_TRUE(*open_store()->reserve(reservation("k"), {}, {}));
}

TEST_F(ContinuityTest, TakesADatabaseAndATrailOfAnEarlierVersionAsTheyAre)
{
    {
        auto opened = audit::JsonlTrail::open({.directory = trail(), .key = key()}, clock_);
        ASSERT_TRUE(opened);
    }
    run();
    EXPECT_TRUE(told(audit::outcome_notice).empty());
    EXPECT_TRUE(told(audit::outcome_alarm).empty());
}

TEST_F(ContinuityTest, AlarmsWhenTheTrailWasCutBackToAnEarlierOrderlyEnd)
{
    mint();
    const auto bytes = fs::file_size(trail() / "audit.jsonl");
    revoke_and_spend();
    fs::resize_file(trail() / "audit.jsonl", bytes);
    EXPECT_TRUE(verified().is_sound());  // by itself it shows nothing
    run();
    const auto alarms = told(audit::outcome_alarm);
    ASSERT_EQ(alarms.size(), 1U);
    EXPECT_NE(alarms[0].find("cut off"), std::string::npos);
    EXPECT_FALSE(verified().is_sound());
    run();
    EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
}

TEST_F(ContinuityTest, AlarmsWhenTheTrailWasTakenAway)
{
    mint();
    revoke_and_spend();
    fs::remove_all(trail());
    run();
    EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
    EXPECT_FALSE(verified().is_sound());
}

TEST_F(ContinuityTest, AlarmsWhenAnotherTrailStandsInItsPlace)
{
    mint();
    fs::rename(trail(), folder_.path() / "aside");
    fs::rename(database(), folder_.file("aside.db"));
    for (int i = 0; i < 4; ++i) run();  // another gateway's, with the same key
    fs::rename(folder_.file("aside.db"), database());
    run();
    const auto alarms = told(audit::outcome_alarm);
    ASSERT_EQ(alarms.size(), 1U);
    EXPECT_NE(alarms[0].find("another trail"), std::string::npos);
}

TEST_F(ContinuityTest, FindsNothingWhenACrashLeftAMarkInTheDatabaseAlone)
{
    mint();
    run([](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity&,
           Runtime&) -> Task<void> {
        // As mark() does before it tells the trail; the run's own mark comes after it in neither.
        const auto known = **store.last_mark();
        EXPECT_GT(trail.head().seq, known.head_seq);
        co_return;
    });
    {
        const auto store = open_store();
        auto half = **store->last_mark();
        std::string mac;
        std::uint64_t seq = 0;
        ASSERT_TRUE(audit::read_back(trail(), 1, [&](const audit::Frame& frame) {
            seq = frame.seq;
            mac = frame.mac;
            return false;
        }));
        half.number += 1;
        half.head_seq = seq;
        half.head_mac = mac;
        ASSERT_TRUE(store->set_mark(half));
    }
    run();
    EXPECT_TRUE(told(audit::outcome_alarm).empty());
    EXPECT_TRUE(told(audit::outcome_notice).empty());
}

TEST_F(ContinuityTest, AlarmsOnceWhenTheDatabaseIsReplacedUnderTheGateway)
{
    mint();
    run([this](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity& continuity,
               Runtime& runtime) -> Task<void> {
        co_await continuity.look_at_files();
        EXPECT_TRUE(told(audit::outcome_alarm).empty());
        fs::copy_file(database(), folder_.file("backup.db"));
        fs::rename(folder_.file("backup.db"), database());
        for (const auto* suffix : {"-wal", "-shm"}) fs::remove(database() + suffix);
        for (int look = 0; look < 3; ++look) co_await continuity.look_at_files();
        EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
        EXPECT_TRUE(store.is_replaced());
        // What befell tokens until then is not lost with the file.
        EXPECT_TRUE(store.revoke("tk_1", clock_.now(), alice));
        TokenEventRelay relays{
            {.tokens = store, .events = store, .trail = trail, .blocking = runtime.blocking},
            runtime.io.get_executor()};
        co_await relays.stop(after(std::chrono::seconds{1}));
        co_await relays.run();
        EXPECT_TRUE(store.pending_events(1)->empty());
    });
    EXPECT_FALSE(verified().is_sound());
    run();
    EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
    const auto notices = told(audit::outcome_notice);
    ASSERT_EQ(notices.size(), 2U) << "the copy is older";
    EXPECT_TRUE(open_store()->list()->front().revoked);
}

TEST_F(ContinuityTest, AlarmsOnceWhenAnOlderCopyIsRestoredIntoTheOpenDatabase)
{
    mint();
    run();
    testing::restore_database(database(), folder_.file("backup.db"));
    run([this](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity& continuity,
               Runtime& runtime) -> Task<void> {
        EXPECT_TRUE(store.revoke("tk_1", clock_.now(), alice));
        co_await relay(store, trail, runtime);
        co_await continuity.look_at_files();
        EXPECT_TRUE(told(audit::outcome_alarm).empty());
        testing::restore_database(folder_.file("backup.db"), database());
        EXPECT_FALSE(store.list()->front().revoked) << "the copy is older";
        for (int look = 0; look < 3; ++look) co_await continuity.look_at_files();
        EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
        EXPECT_TRUE(store.is_replaced()) << "so that no gateway token is taken";
        const auto marked = co_await continuity.mark();
        EXPECT_FALSE(marked) << "it would hide from the next start that the copy is older";
    });
    run();
    EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
    const auto notices = told(audit::outcome_notice);
    const auto is_older = [](const std::string& notice) {
        return notice.find("an older copy") != std::string::npos;
    };
    EXPECT_TRUE(std::ranges::any_of(notices, is_older));
    EXPECT_TRUE(open_store()->list()->front().revoked) << "the trail knows of it";
}

TEST_F(ContinuityTest, GivesBackWhatACopyLacksThatHasTheSameMark)
{
    mint();
    run();
    run([this](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity& continuity,
               Runtime& runtime) -> Task<void> {
        co_await continuity.mark_or_log();
        testing::restore_database(database(), folder_.file("backup.db"));
        EXPECT_TRUE(store.revoke("tk_1", clock_.now(), alice));
        co_await relay(store, trail, runtime);
        EXPECT_FALSE(*store.reserve(reservation("k"), {}, {}));
        auto record = spending("k");
        EXPECT_TRUE(co_await trail.append(record, audit::Durability::durable));
        testing::restore_database(folder_.file("backup.db"), database());
        for (int look = 0; look < 3; ++look) co_await continuity.look_at_files();
        EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
        EXPECT_TRUE(store.is_replaced()) << "so that no gateway token is taken";
    });
    run();
    EXPECT_EQ(told(audit::outcome_alarm).size(), 1U);
    const auto store = open_store();
    EXPECT_TRUE(store->list()->front().revoked) << "the trail knows of it";
    EXPECT_TRUE(*store->reserve(reservation("k"), {}, {})) << "and of the key";
}

TEST_F(ContinuityTest, FindsACutWithoutAStart)
{
    mint();
    const auto bytes = fs::file_size(trail() / "audit.jsonl");
    revoke_and_spend();
    const auto known = **store::mark_at_rest(database());
    const auto cut = [&] {
        const auto found = audit::examine(trail(), key());
        return *find_cut(known, found ? found->head_seq : 0, trail());
    };
    EXPECT_FALSE(cut());
    fs::resize_file(trail() / "audit.jsonl", bytes);
    ASSERT_TRUE(cut());
    EXPECT_NE(cut()->find("cut off"), std::string::npos);
    fs::remove_all(trail());
    EXPECT_TRUE(cut());
}

TEST_F(ContinuityTest, LeavesNoMarkWhereNothingHappened)
{
    run([](store::SqliteStore& store, audit::JsonlTrail& trail, Continuity& continuity,
           Runtime&) -> Task<void> {
        const auto before = trail.head().seq;
        EXPECT_TRUE(co_await continuity.mark());
        EXPECT_EQ(trail.head().seq, before);
        audit::Record something;
        something.why = "something";
        EXPECT_TRUE(co_await trail.append(std::move(something), audit::Durability::durable));
        EXPECT_TRUE(co_await continuity.mark());
        EXPECT_EQ(trail.head().seq, before + 2);
        EXPECT_EQ((**store.last_mark()).number, 2);
    });
}

}  // namespace
}  // namespace tailops::app
