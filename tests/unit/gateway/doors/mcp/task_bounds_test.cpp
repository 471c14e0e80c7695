#include "tests/unit/gateway/doors/mcp/task_bench.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> methods{"tasks/get", "tasks/update", "tasks/cancel"};
const auto one_question = FakeCatalog::rounds_of({"who"});

json params_of(const std::string& id)
{
    return answers_params(id, json::object());
}

TEST(TaskMethods, AnswerTheSameForATaskOfAnotherAndForNone)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, one_question);
        const auto before = co_await rested(bench, id);
        for (const auto& method : methods) {
            bench.subject = "bob";
            auto params = params_of(id);
            const auto others = co_await about_task(bench, method, std::move(params));
            params = params_of("nothing");
            const auto none = co_await about_task(bench, method, std::move(params));
            EXPECT_EQ(error_code(others), -32602) << method;
            EXPECT_EQ(others, none) << method;
            bench.subject = "alice";
            params = params_of(id);
            const auto own = co_await about_task(bench, method, std::move(params));
            EXPECT_EQ(error_code(own), 0) << method;
        }
        const auto after = co_await rested(bench, id);
        EXPECT_EQ(text_member(before, "status"), "input_required");
        EXPECT_EQ(text_member(after, "status"), "cancelled") << "by alice";
    });
}

TEST(TaskMethods, AreForClientsThatDeclareTasks)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = json::object();
        for (const auto& method : methods) {
            auto params = params_of("nothing");
            const auto message = co_await about_task(bench, method, std::move(params));
            EXPECT_EQ(error_code(message), -32021) << method;
        }
    });
}

TEST(TaskMethods, RefuseAnIdThatIsNoText)
{
    const json number{{"taskId", 1}, {"inputResponses", json::object()}};
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        for (const auto& method : methods) {
            // Mcp-Name must be there; there is no text for it to differ from.
            auto inbound =
                bench.inbound("POST", CatalogBench::modern_headers(method, "x"),
                              CatalogBench::modern_body(method, number, 1, bench.capabilities));
            const auto flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(error_code(flow->exchange.message()), -32602) << method;
        }
    });
}

TEST(TaskMethods, AreUnknownToAGatewayWithoutTasks)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = task_client();
        for (const auto& method : methods) {
            const auto flow = co_await bench.serve(bench.modern(method, params_of("x")));
            EXPECT_EQ(flow->exchange.answer.status, 404) << method;
            EXPECT_EQ(error_code(flow->exchange.message()), -32601) << method;
        }
    });
}

TEST(TaskBounds, HoldForEachPrincipalAndForAll)
{
    on_tasks(
        [](CatalogBench& bench) -> Task<void> {
            for (const std::string subject : {"alice", "bob"}) {
                bench.subject = subject;
                const auto id = co_await begun(bench, one_question);
                co_await rested(bench, id);
                const auto second = co_await bench.serve(bench.modern_call("required"));
                EXPECT_EQ(error_code(second->exchange.message()), -32603) << subject;
            }
            bench.subject = "carol";
            const auto third = co_await bench.serve(bench.modern_call("required"));
            EXPECT_EQ(error_code(third->exchange.message()), -32603) << "the store is full";
        },
        {.tasks_max = 2, .per_principal_max = 1});
}

TEST(TaskBounds, LetALongCallGoOnAsACall)
{
    const json holds{{"hold", true}};
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto flow = bench.start(bench.modern_call("long", holds));
            // By then it would have become a task.
            co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 2; });
            bench.service.release();
            co_await bench.end_of(flow);
            const auto result = result_of(flow->exchange.message());
            EXPECT_EQ(text_member(result, "resultType"), "complete");
            EXPECT_EQ(bench.service.turns, 1);
        },
        {.tasks_max = 0, .begins_after = 1ms, .keep_alive_interval = 4ms});
}

TEST(TaskBounds, LetALongCallThatGoesOnAsACallAsk)
{
    auto arguments = one_question;
    arguments["hold"] = true;
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto flow = bench.start(bench.modern_call("long", arguments));
            co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 2; });
            bench.service.release();
            co_await bench.end_of(flow);
            const auto first = result_of(flow->exchange.message());
            EXPECT_EQ(text_member(first, "resultType"), "input_required");
            const json again{{"name", "long"},
                             {"arguments", arguments},
                             {"requestState", text_member(first, "requestState")},
                             {"inputResponses", {{"who", FakeCatalog::accepted("bob")}}}};
            const auto second = co_await bench.serve(bench.modern("tools/call", again));
            const auto result = result_of(second->exchange.message());
            EXPECT_EQ(text_member(result, "resultType"), "complete");
            EXPECT_EQ(bench.service.turns, 2);
        },
        {.tasks_max = 0, .begins_after = 1ms, .keep_alive_interval = 4ms});
}

TEST(TaskBounds, LetALongCallThatGoesOnAsACallEndWithItsClient)
{
    const json holds{{"hold", true}};
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto flow = bench.start(bench.modern_call("long", holds));
            co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 2; });
            flow->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(flow);
            EXPECT_EQ(bench.service.cancels, 1) << "and the request waited for that";
            EXPECT_TRUE(flow->exchange.events.empty());
            EXPECT_TRUE(bench.endpoint.counters().totals().errors.empty());
        },
        {.tasks_max = 0, .begins_after = 1ms, .keep_alive_interval = 4ms});
}

TEST(TaskBounds, CountATaskUntilItsTimeIsOver)
{
    on_tasks(
        [](CatalogBench& bench) -> Task<void> {
            bench.service.ttl = std::chrono::minutes{1};
            const auto id = co_await begun(bench, json::object());
            co_await rested(bench, id);
            bench.clock.advance(59s);
            const auto early = co_await bench.serve(bench.modern_call("required"));
            EXPECT_EQ(error_code(early->exchange.message()), -32603);
            bench.clock.advance(1s);
            const auto next = co_await begun(bench, json::object());
            co_await rested(bench, next);
            auto params = task_params(id);
            const auto gone = co_await about_task(bench, "tasks/get", std::move(params));
            EXPECT_EQ(error_code(gone), -32602);
        },
        {.per_principal_max = 1});
}

/// Returns when the database says so as well: what becomes of a task is told from memory first.
Task<void> stored(CatalogBench& bench,
                  store::TaskStore& store,
                  const std::string& id,
                  store::StoredTask::Status status)
{
    const auto owner = CatalogBench::principal("alice").identity.key();
    for (auto found = *store.find(id, owner); !found || found->status != status;
         found = *store.find(id, owner)) {
        co_await rested(bench, id);
    }
}

TEST(TaskRestart, GoesOnWithATaskThatWaitsForAnswers)
{
    const auto store = store::open(":memory:");
    std::string id;
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            id = co_await begun(bench, one_question);
            co_await rested(bench, id);
            co_await stored(bench, *store, id, store::StoredTask::Status::input_required);
        },
        {.store = store});
    EXPECT_TRUE(store->fail_working(TimePoint{}, "lost"));
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            const auto waiting = co_await rested(bench, id);
            EXPECT_EQ(text_member(waiting, "status"), "input_required");
            auto params = answers_params(id, json{{"who", FakeCatalog::accepted("bob")}});
            co_await about_task(bench, "tasks/update", std::move(params));
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
            EXPECT_NE(done.dump().find("bob"), std::string::npos);
        },
        {.store = store});
}

TEST(TaskRestart, TellsThatATaskWasLostAtWork)
{
    const auto store = store::open(":memory:");
    const store::StoredTask left{.id = "left",
                                 .principal = CatalogBench::principal("alice").identity.key(),
                                 .method_name = "required",
                                 .arguments = "{}",
                                 .context = "{}",
                                 .run = "r-1",
                                 .status = store::StoredTask::Status::working,
                                 .status_message = {},
                                 .created = {},
                                 .updated = {},
                                 .ttl = {},
                                 .poll_interval = 500ms,
                                 .input_requests = {},
                                 .result = {},
                                 .error = {}};
    ASSERT_TRUE(store->insert(left, {}));
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            auto params = task_params("left");
            const auto answer = co_await about_task(bench, "tasks/cancel", params);
            EXPECT_EQ(error_code(answer), 0) << "acknowledged";
            const auto ended = co_await rested(bench, "left");
            EXPECT_EQ(text_member(ended, "status"), "failed");
            EXPECT_EQ(error_code(ended), -32603);
            EXPECT_TRUE(find_member(ended, "ttlMs")->is_null());
            EXPECT_EQ(text_member(ended, "statusMessage"),
                      "this gateway does not run the task any more; what it did is unknown (run "
                      "r-1)");
            EXPECT_EQ(bench.service.turns, 0);
        },
        {.store = store});
}

TEST(TaskRestart, FailsWhatWasAtWork)
{
    const auto store = store::open(":memory:");
    std::string id;
    on_tasks(
        [&](CatalogBench& bench) -> Task<void> {
            id = co_await begun(bench, json::object());
            co_await rested(bench, id);
            co_await stored(bench, *store, id, store::StoredTask::Status::completed);
            store::StoredTask lost;
            lost.id = "lost";
            lost.principal = CatalogBench::principal("alice").identity.key();
            lost.method_name = "required";
            lost.arguments = lost.context = "{}";
            lost.run = "r-1";
            EXPECT_TRUE(store->insert(lost, {}));
            EXPECT_TRUE(store->fail_working(bench.clock.now(), "the gateway stopped"));
            const auto failed = co_await rested(bench, "lost");
            EXPECT_EQ(text_member(failed, "statusMessage"), "the gateway stopped (run r-1)");
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
        },
        {.store = store});
}

json following(const std::string& id)
{
    return {{"notifications", {{"taskIds", std::vector<std::string>{id}}}}};
}

TEST(TaskNotices, GoToStreamsThatFollowTheTaskAndToItsPrincipalOnly)
{
    const json holds{{"hold", true}};
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, holds);
        const auto own = bench.start(bench.modern("subscriptions/listen", following(id), 7));
        const auto other = bench.start(bench.modern("subscriptions/listen", following("x"), 8));
        bench.subject = "bob";
        const auto bobs = bench.start(bench.modern("subscriptions/listen", following(id), 9));
        co_await bench.bell.until([&] {
            return own->exchange.streaming && other->exchange.streaming && bobs->exchange.streaming;
        });
        bench.service.release();
        co_await bench.bell.until([&] { return own->exchange.events.size() == 2; });
        const auto notice = own->exchange.message();
        EXPECT_EQ(text_member(notice, "method"), "notifications/tasks");
        const auto told = field<json>(notice, "params").value_or(json{});
        EXPECT_EQ(text_member(told, "taskId"), id);
        EXPECT_EQ(text_member(told, "status"), "completed");
        EXPECT_NE(find_member(told, "result"), nullptr);
        bench.endpoint.drain();
        co_await bench.end_of(other);
        co_await bench.end_of(bobs);
        EXPECT_EQ(other->exchange.events.size(), 2U) << "the greeting and the end";
        EXPECT_EQ(bobs->exchange.events.size(), 2U);
    });
}

TEST(TaskNotices, AreForClientsThatDeclareTasks)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = json::object();
        const auto flow =
            co_await bench.serve(bench.modern("subscriptions/listen", following("x")));
        EXPECT_EQ(error_code(flow->exchange.message()), -32021);
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
