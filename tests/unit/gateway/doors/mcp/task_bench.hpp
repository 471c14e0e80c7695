#pragma once

#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"
#include "tests/unit/gateway/store/store_folder.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace tailops::mcp::testing {

/// What differs from the defaults of TaskSettings.
struct TaskTerms {
    std::size_t tasks_max{1024};
    std::size_t per_principal_max{100};
    std::chrono::milliseconds begins_after{std::chrono::hours{1}};
    std::chrono::milliseconds keep_alive_interval{std::chrono::hours{1}};
    std::shared_ptr<store::TaskStore> store{};  // null: a new one in memory
};

/// A client that takes tasks and answers forms.
inline json task_client()
{
    return {{"extensions", {{"io.modelcontextprotocol/tasks", json::object()}}},
            {"elicitation", json::object()}};
}

/// Runs `body(bench)` on a strand, with tasks, for a client that takes them. The body waits for the
/// end of each task that it lets work: the bench does not outlive it.
template <class F>
void on_tasks(F body, TaskTerms terms = {})
{
    const auto store = terms.store ? terms.store : store::open(":memory:");
    tailops::testing::run([&](Runtime& runtime) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        EndpointSettings settings;
        settings.keep_alive_interval = terms.keep_alive_interval;
        settings.tasks.emplace(TaskSettings{.store = *store,
                                            .blocking = runtime.blocking,
                                            .tasks_max = terms.tasks_max,
                                            .per_principal_max = terms.per_principal_max,
                                            .begins_after = terms.begins_after});
        CatalogBench bench{home, settings};
        bench.capabilities = task_client();
        co_await body(bench);
        co_await wind_up(bench);
    });
}

/// The answer to `method` about the task.
inline Task<json> about_task(CatalogBench& bench, std::string method, json params)
{
    auto inbound = bench.modern(std::move(method), std::move(params));
    const auto flow = co_await bench.serve(std::move(inbound));
    co_return flow->exchange.message();
}

inline json task_params(const std::string& id)
{
    return {{"taskId", id}};
}

inline json answers_params(const std::string& id, json responses)
{
    return {{"taskId", id}, {"inputResponses", std::move(responses)}};
}

/// Calls `tool`; its answer's result.
inline Task<json> called(CatalogBench& bench, std::string tool, json arguments)
{
    auto inbound = bench.modern_call(std::move(tool), std::move(arguments));
    const auto flow = co_await bench.serve(std::move(inbound));
    co_return result_of(flow->exchange.message());
}

/// Begins a task with `required`; its id.
inline Task<std::string> begun(CatalogBench& bench, json arguments)
{
    const auto created = co_await called(bench, "required", std::move(arguments));
    EXPECT_EQ(text_member(created, "resultType"), "task");
    co_return std::string{text_member(created, "taskId")};
}

/// The task as tasks/get shows it once it does not work any more.
inline Task<json> rested(CatalogBench& bench, std::string id)
{
    for (;;) {
        auto params = task_params(id);
        const auto message = co_await about_task(bench, "tasks/get", std::move(params));
        auto task = result_of(message);
        if (text_member(task, "status") != "working") co_return task;
    }
}

}  // namespace tailops::mcp::testing
