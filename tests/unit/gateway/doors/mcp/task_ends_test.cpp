#include "tests/unit/gateway/doors/mcp/task_bench.hpp"

/// What a task came to: kept whatever the disk does, and for how long.
namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const auto one_question = FakeCatalog::rounds_of({"who"});

/// A store whose disk fails for as long as a test says.
class FakeFailingTasks final : public store::TaskStore {
public:
    Status insert(const store::StoredTask& task, const store::TaskBounds& bounds) override
    {
        return inner_->insert(task, bounds);
    }
    Result<std::optional<store::StoredTask>> find(const std::string& id,
                                                  const std::string& principal) override
    {
        return inner_->find(id, principal);
    }
    Result<bool> update(const store::StoredTask& task) override { return inner_->update(task); }
    Result<bool> update_if(const store::StoredTask& task,
                           store::StoredTask::Status expected) override
    {
        ++updates;
        if (fails) return fail(Errc::internal, "database or disk is full");
        return inner_->update_if(task, expected);
    }
    Result<std::vector<store::StoredTask>> list_unfinished() override
    {
        return inner_->list_unfinished();
    }
    Result<std::size_t> fail_working(TimePoint now, const std::string& message) override
    {
        return inner_->fail_working(now, message);
    }
    Result<std::size_t> drop_expired(TimePoint now) override { return inner_->drop_expired(now); }
    Result<store::TaskCount> count(const std::string& principal) override
    {
        return inner_->count(principal);
    }

    std::atomic<bool> fails{true};
    std::atomic<int> updates{0};

private:
    const std::shared_ptr<store::SqliteStore> inner_{store::open(":memory:")};
};

TEST(TaskEnd, IsToldWhileTheDiskFailsAndKeptOnceItDoesNot)
{
    const auto store = std::make_shared<FakeFailingTasks>();
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto id = co_await begun(bench, json::object());
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
            EXPECT_NE(find_member(done, "result"), nullptr);
            EXPECT_EQ(bench.endpoint.tasks_under_way(), 1U) << "a stop waits for it";
            auto params = task_params(id);
            const auto cancelled = co_await about_task(bench, "tasks/cancel", params);
            EXPECT_EQ(error_code(cancelled), 0);
            const auto still = co_await about_task(bench, "tasks/get", params);
            EXPECT_EQ(text_member(result_of(still), "status"), "completed") << "it is over";
            bench.subject = "bob";
            const auto hidden = co_await about_task(bench, "tasks/get", params);
            EXPECT_EQ(error_code(hidden), -32602) << "and still alice's";
            const auto principal = CatalogBench::principal("alice").identity.key();
            EXPECT_EQ((*store->find(id, principal))->status, store::StoredTask::Status::working);
            store->fails = false;
            while (bench.endpoint.tasks_under_way() > 0) {
                asio::steady_timer turn{co_await asio::this_coro::executor, 1ms};
                co_await turn.async_wait(asio::use_awaitable);
            }
            EXPECT_EQ((*store->find(id, principal))->status, store::StoredTask::Status::completed);
            EXPECT_GE(store->updates, 2);
        },
        {.store = store});
}

TEST(TaskEnd, ThatAsksSaysBusyUntilItIsKept)
{
    const auto store = std::make_shared<FakeFailingTasks>();
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto id = co_await begun(bench, one_question);
            const auto waiting = co_await rested(bench, id);
            EXPECT_EQ(text_member(waiting, "status"), "input_required");
            auto params = answers_params(id, json{{"who", FakeCatalog::accepted("bob")}});
            const auto early = co_await about_task(bench, "tasks/update", params);
            EXPECT_NE(error_code(early), 0);
            store->fails = false;
            while (bench.endpoint.tasks_under_way() > 0) {
                asio::steady_timer turn{co_await asio::this_coro::executor, 1ms};
                co_await turn.async_wait(asio::use_awaitable);
            }
            co_await about_task(bench, "tasks/update", params);
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
        },
        {.store = store});
}

TEST(TaskTime, CountsFromTheEndHoweverLongTheWorkTakes)
{
    const json holds{{"hold", true}};
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            bench.service.ttl = std::chrono::minutes{1};
            const auto id = co_await begun(bench, holds);
            co_await bench.bell.until([&] { return bench.service.turns == 1; });
            bench.clock.advance(std::chrono::hours{24});
            const auto other = co_await begun(bench, holds);  // expired tasks make room
            auto params = task_params(id);
            const auto working = co_await about_task(bench, "tasks/get", params);
            EXPECT_EQ(text_member(result_of(working), "status"), "working");
            bench.service.release();
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
            EXPECT_EQ(field<std::int64_t>(done, "ttlMs").value_or(0), 24 * 3'600'000 + 60'000)
                << "from createdAt";
            co_await rested(bench, other);
            bench.clock.advance(59s);
            const auto third = co_await begun(bench, json::object());
            co_await rested(bench, third);
            const auto kept = co_await about_task(bench, "tasks/get", params);
            EXPECT_EQ(text_member(result_of(kept), "status"), "completed");
            bench.clock.advance(1s);
            const auto fourth = co_await begun(bench, json::object());
            co_await rested(bench, fourth);
            const auto gone = co_await about_task(bench, "tasks/get", params);
            EXPECT_EQ(error_code(gone), -32602);
        },
        {});
}

TEST(TaskTime, DoesNotPassWhenTheClockIsSet)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        bench.service.ttl = std::chrono::minutes{1};
        const auto id = co_await begun(bench, json::object());
        co_await rested(bench, id);
        for (const auto jump : {std::chrono::hours{26}, -std::chrono::hours{24 * 400}}) {
            bench.clock.jump(jump);
            const auto next = co_await begun(bench, json::object());
            co_await rested(bench, next);
            auto params = task_params(id);
            const auto kept = co_await about_task(bench, "tasks/get", std::move(params));
            EXPECT_EQ(text_member(result_of(kept), "status"), "completed");
        }
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
