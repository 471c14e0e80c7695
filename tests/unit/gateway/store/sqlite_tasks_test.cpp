#include "gateway/core/json.hpp"
#include "gateway/store/sqlite.hpp"
#include "gateway/store/tasks.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace tailops::store {
namespace {

using TaskStatus = StoredTask::Status;
using std::chrono::milliseconds;

constexpr TaskBounds roomy{};

StoredTask task(const std::string& id, const std::string& principal = "alice")
{
    StoredTask made;
    made.id = id;
    made.principal = principal;
    made.method_name = "execute_command";
    made.arguments = R"({"target":"web-01"})";
    made.context = R"({"capabilities":{}})";
    made.created = at(100);
    made.updated = at(100);
    made.ttl = milliseconds{60'000};
    made.poll_interval = milliseconds{500};
    return made;
}

/// What `store` says of a task of alice's; "none" when there is none.
std::string status_of(TaskStore& store, const std::string& id)
{
    const auto found = store.find(id, "alice");
    if (!found) return found.error().describe();
    return *found ? std::string{to_string((*found)->status)} : "none";
}

TEST(SqliteTasks, KeepsEveryFieldAcrossARestart)
{
    const Folder folder;
    auto made = task("t1");
    made.run = "r-7";
    made.status = TaskStatus::input_required;
    made.status_message = "needs an answer";
    made.updated = at(101);
    made.input_requests = R"({"k1":{}})";
    made.result = R"({"a":1})";
    made.error = R"({"code":-1})";
    ASSERT_TRUE(open(folder.file("state.db"))->insert(made, roomy));

    const auto found = open(folder.file("state.db"))->find("t1", "alice");
    ASSERT_TRUE(found && *found);
    const auto& kept = **found;
    EXPECT_EQ(kept.id, made.id);
    EXPECT_EQ(kept.principal, made.principal);
    EXPECT_EQ(kept.method_name, made.method_name);
    EXPECT_EQ(kept.arguments, made.arguments);
    EXPECT_EQ(kept.context, made.context);
    EXPECT_EQ(kept.run, made.run);
    EXPECT_EQ(kept.status, made.status);
    EXPECT_EQ(kept.status_message, made.status_message);
    EXPECT_EQ(kept.created, made.created);
    EXPECT_EQ(kept.updated, made.updated);
    EXPECT_EQ(kept.ttl, made.ttl);
    EXPECT_EQ(kept.poll_interval, made.poll_interval);
    EXPECT_EQ(kept.input_requests, made.input_requests);
    EXPECT_EQ(kept.result, made.result);
    EXPECT_EQ(kept.error, made.error);
}

TEST(SqliteTasks, ShowsATaskToItsPrincipalOnly)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(task("t1"), roomy));
    EXPECT_EQ(status_of(*store, "t1"), "working");
    EXPECT_EQ(status_of(*store, "t2"), "none");
    const auto of_another = store->find("t1", "bob");
    ASSERT_TRUE(of_another);
    EXPECT_FALSE(*of_another);
    auto stolen = task("t1", "bob");
    stolen.status = TaskStatus::cancelled;
    EXPECT_FALSE(*store->update(stolen));
    EXPECT_EQ(status_of(*store, "t1"), "working");
}

TEST(SqliteTasks, TakesEachIdOnce)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(task("t1"), roomy));
    EXPECT_EQ(store->insert(task("t1", "bob"), roomy).error().code(), Errc::invalid_argument);
}

TEST(SqliteTasks, BoundsWhatOnePrincipalAndWhatAllKeep)
{
    const auto store = open(":memory:");
    const TaskBounds tight{.tasks_max = 3, .tasks_max_per_principal = 2};
    ASSERT_TRUE(store->insert(task("t1"), tight));
    ASSERT_TRUE(store->insert(task("t2"), tight));
    const auto third = store->insert(task("t3"), tight);
    EXPECT_EQ(third.error().code(), Errc::busy);
    EXPECT_NE(third.error().public_message().find("you have 2 tasks"), std::string::npos);
    ASSERT_TRUE(store->insert(task("t4", "bob"), tight));
    EXPECT_EQ(store->insert(task("t5", "carol"), tight).error().code(), Errc::busy);
    const auto count = store->count("alice");
    ASSERT_TRUE(count);
    EXPECT_EQ(count->of_principal, 2U);
    EXPECT_EQ(count->total, 3U);

    auto over = task("t1");
    over.status = TaskStatus::completed;
    over.expires = at(160);
    ASSERT_TRUE(*store->update(over));
    auto at_the_time = tight;
    at_the_time.now = at(159);
    EXPECT_FALSE(store->insert(task("t6"), at_the_time));
    at_the_time.now = at(160);
    EXPECT_TRUE(store->insert(task("t6"), at_the_time)) << "one has expired";
}

TEST(SqliteTasks, WritesWhatCanChangeAndNothingElse)
{
    const auto store = open(":memory:");
    ASSERT_TRUE(store->insert(task("t1"), roomy));
    auto changed = task("t1");
    changed.method_name = "another";
    changed.arguments = "{}";
    changed.created = at(1);
    changed.context = R"({"answers":[1]})";
    changed.run = "r-7";
    changed.status = TaskStatus::input_required;
    changed.status_message = "asks";
    changed.updated = at(102);
    changed.ttl.reset();
    changed.input_requests = R"({"k":{}})";
    EXPECT_TRUE(*store->update(changed));
    const auto kept = **store->find("t1", "alice");
    EXPECT_EQ(kept.method_name, "execute_command");
    EXPECT_EQ(kept.arguments, R"({"target":"web-01"})");
    EXPECT_EQ(kept.created, at(100));
    EXPECT_EQ(kept.context, changed.context);
    EXPECT_EQ(kept.run, "r-7");
    EXPECT_EQ(kept.status, TaskStatus::input_required);
    EXPECT_EQ(kept.status_message, "asks");
    EXPECT_EQ(kept.updated, at(102));
    EXPECT_FALSE(kept.ttl);
    EXPECT_EQ(kept.input_requests, changed.input_requests);
}

TEST(SqliteTasks, NeverChangesATaskThatIsOver)
{
    for (const auto end : {TaskStatus::completed, TaskStatus::failed, TaskStatus::cancelled}) {
        const auto store = open(":memory:");
        ASSERT_TRUE(store->insert(task("t1"), roomy));
        auto over = task("t1");
        over.status = end;
        over.result = "{}";
        EXPECT_TRUE(*store->update(over));
        for (const auto next : {TaskStatus::working, TaskStatus::input_required,
                                TaskStatus::completed, TaskStatus::failed, TaskStatus::cancelled}) {
            auto again = task("t1");
            again.status = next;
            EXPECT_FALSE(*store->update(again));
            EXPECT_FALSE(*store->update_if(again, end));
        }
        EXPECT_EQ(status_of(*store, "t1"), to_string(end));
        EXPECT_EQ((*store->find("t1", "alice"))->result, "{}");
    }
    EXPECT_FALSE(*open(":memory:")->update(task("gone")));
}

TEST(SqliteTasks, LetsOneOfTwoThatExpectTheSameStatusChangeIt)
{
    const Folder folder;
    const auto ours = open(folder.file("state.db"));
    const auto theirs = open(folder.file("state.db"));
    auto asks = task("t1");
    asks.status = TaskStatus::input_required;
    ASSERT_TRUE(ours->insert(asks, roomy));
    auto answered = asks;
    answered.status = TaskStatus::working;
    EXPECT_FALSE(*ours->update_if(answered, TaskStatus::working));
    EXPECT_TRUE(*ours->update_if(answered, TaskStatus::input_required));
    EXPECT_FALSE(*theirs->update_if(answered, TaskStatus::input_required));
}

TEST(SqliteTasks, FailsAtStartUpWhatACrashLeftWorking)
{
    const Folder folder;
    {
        const auto store = open(folder.file("state.db"));
        auto began = task("began");
        began.run = "r-\"7\"";
        ASSERT_TRUE(store->insert(began, roomy));
        auto waits = task("waits");
        waits.created = at(99);
        ASSERT_TRUE(store->insert(waits, roomy));
        auto asks = task("asks");
        asks.status = TaskStatus::input_required;
        asks.created = at(101);
        ASSERT_TRUE(store->insert(asks, roomy));
        auto over = task("over");
        over.status = TaskStatus::completed;
        ASSERT_TRUE(store->insert(over, roomy));
    }
    const auto store = open(folder.file("state.db"));
    const auto unfinished = store->list_unfinished();
    ASSERT_TRUE(unfinished);
    ASSERT_EQ(unfinished->size(), 3U);
    EXPECT_EQ((*unfinished)[0].id, "waits");
    EXPECT_EQ((*unfinished)[1].id, "began");
    EXPECT_EQ((*unfinished)[2].id, "asks");

    EXPECT_EQ(*store->fail_working(at(120), "the outcome is unknown"), 2U);
    EXPECT_EQ(status_of(*store, "asks"), "input_required");
    EXPECT_EQ(status_of(*store, "over"), "completed");
    const auto began = **store->find("began", "alice");
    EXPECT_EQ(began.status, TaskStatus::failed);
    EXPECT_EQ(began.status_message, "the outcome is unknown (run r-\"7\")");
    EXPECT_EQ(began.updated, at(120));
    EXPECT_EQ(began.expires, at(180)) << "from now on";
    const auto error = parse_json(began.error);
    ASSERT_TRUE(error);
    EXPECT_EQ(*find_member(*error, "code"), -32603);
    EXPECT_EQ(text_member(*error, "message"), began.status_message);
    EXPECT_EQ((*store->find("waits", "alice"))->status_message, "the outcome is unknown");
    EXPECT_EQ(*store->fail_working(at(121), "again"), 0U);
}

TEST(SqliteTasks, ForgetsATaskThatIsOverWhenItsTimeHasPassed)
{
    const auto store = open(":memory:");
    const auto insert = [&](const char* id, TaskStatus status, std::optional<TimePoint> expires) {
        auto made = task(id);
        made.status = status;
        made.expires = expires;
        ASSERT_TRUE(store->insert(made, roomy));
    };
    insert("minute", TaskStatus::completed, at(160));
    insert("asks", TaskStatus::input_required, at(160));
    insert("forever", TaskStatus::completed, std::nullopt);
    insert("works", TaskStatus::working, at(160));
    EXPECT_EQ(*store->drop_expired(at(160) - std::chrono::microseconds{1}), 0U);
    EXPECT_EQ(status_of(*store, "minute"), "completed");
    EXPECT_EQ(*store->drop_expired(at(160)), 2U);
    EXPECT_EQ(status_of(*store, "minute"), "none");
    EXPECT_EQ(status_of(*store, "asks"), "none");
    EXPECT_EQ(status_of(*store, "forever"), "completed");
    EXPECT_EQ(status_of(*store, "works"), "working") << "however long it takes";
}

TEST(SqliteTasks, ForgetsWhatAClockThatWasAheadHasDated)
{
    const auto store = open(":memory:");
    auto made = task("ahead");
    made.status = TaskStatus::completed;
    made.expires = at(10'060);  // it ended at 10'000, by that clock
    ASSERT_TRUE(store->insert(made, roomy));
    EXPECT_EQ(*store->drop_expired(at(10'000 - 3600)), 0U);
    EXPECT_EQ(*store->drop_expired(at(10'000 - 3601)), 1U);
}

TEST(SqliteTasks, KeepsTheBoundWhenProcessesInsertAtOnce)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    open(path);
    const TaskBounds bounds{.tasks_max = 100, .tasks_max_per_principal = 10};
    std::vector<pid_t> children;
    for (int who = 0; who < 3; ++who) {
        const auto child = ::fork();
        if (child == 0) {
            const auto store =
                SqliteStore::open({.path = path, .busy_timeout = std::chrono::seconds{30}});
            int inserted = store ? 0 : 100;
            for (int i = 0; store && i < 8; ++i) {
                const auto id = std::to_string(who) + "_" + std::to_string(i);
                inserted += (*store)->insert(task(id), bounds) ? 1 : 0;
            }
            ::_exit(inserted);
        }
        children.push_back(child);
    }
    int inserted = 0;
    for (const auto child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        inserted += WEXITSTATUS(status);
    }
    EXPECT_EQ(inserted, 10);
    EXPECT_EQ(open(path)->count("alice")->of_principal, 10U);
}

TEST(SqliteTasks, SaysThatTheDatabaseIsBusy)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    const auto store = SqliteStore::open({.path = path, .busy_timeout = milliseconds{10}});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->insert(task("t1"), roomy));
    auto other = Database::open({.path = path});
    ASSERT_TRUE(other);
    {
        auto held = Transaction::begin(*other);
        ASSERT_TRUE(held);
        EXPECT_EQ((*store)->insert(task("t2"), roomy).error().code(), Errc::busy);
        EXPECT_EQ((*store)->update(task("t1")).error().code(), Errc::busy);
        EXPECT_EQ(status_of(**store, "t1"), "working");
    }
    EXPECT_TRUE((*store)->insert(task("t2"), roomy));
}

/// The file of a gateway from before there were tasks.
TEST(SqliteTasks, BringsAnEarlierDatabaseUpToDate)
{
    const Folder folder;
    const auto path = folder.file("state.db");
    open(path);
    {
        auto database = Database::open({.path = path});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute(back_to_first_schema));
    }
    EXPECT_TRUE(open(path)->insert(task("t1"), roomy));
}

}  // namespace
}  // namespace tailops::store
