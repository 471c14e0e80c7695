#include "tests/unit/gateway/doors/mcp/task_bench.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const json holds{{"hold", true}};

json required_capabilities(const json& message)
{
    const auto data = field<json>(error_of(message), "data").value_or(json{});
    return field<json>(data, "requiredCapabilities").value_or(json{});
}

TEST(TaskCall, BecomesATaskAndIsFoundUnderItsId)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto created = co_await called(bench, "offered", holds);
        EXPECT_EQ(text_member(created, "resultType"), "task");
        EXPECT_EQ(text_member(created, "status"), "working");
        EXPECT_EQ(text_member(created, "createdAt"), "2026-11-20T00:00:00.000Z");
        EXPECT_EQ(field<std::int64_t>(created, "ttlMs").value_or(0), 3'600'000);
        EXPECT_EQ(field<std::int64_t>(created, "pollIntervalMs").value_or(0), 500);
        const std::string id{text_member(created, "taskId")};
        EXPECT_EQ(id.size(), 32U);
        auto params = task_params(id);
        const auto working = co_await about_task(bench, "tasks/get", std::move(params));
        EXPECT_EQ(text_member(result_of(working), "resultType"), "complete");
        EXPECT_EQ(text_member(result_of(working), "status"), "working");
        bench.service.release();
        const auto done = co_await rested(bench, id);
        EXPECT_EQ(text_member(done, "status"), "completed");
        const auto result = field<json>(done, "result").value_or(json{});
        EXPECT_EQ(text_member(result, "resultType"), "complete");
        EXPECT_NE(find_member(result, "structuredContent"), nullptr);
        EXPECT_EQ(find_member(done, "error"), nullptr);
    });
}

TEST(TaskCall, StaysACallForAClientThatTakesNoTasks)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = json::object();
        const auto offered = co_await called(bench, "offered", json::object());
        EXPECT_EQ(text_member(offered, "resultType"), "complete");
        const auto flow = co_await bench.serve(bench.modern_call("required"));
        const auto message = flow->exchange.message();
        EXPECT_EQ(flow->exchange.answer.status, 400);
        EXPECT_EQ(error_code(message), -32021);
        EXPECT_EQ(required_capabilities(message).dump(),
                  R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})");
    });
}

TEST(TaskCall, BecomesATaskOnceItHasTakenLong)
{
    on_tasks(
        [](CatalogBench& bench) -> Task<void> {
            const auto created = co_await called(bench, "long", holds);
            EXPECT_EQ(text_member(created, "resultType"), "task");
            bench.service.release();
            const std::string id{text_member(created, "taskId")};
            const auto done = co_await rested(bench, id);
            EXPECT_EQ(text_member(done, "status"), "completed");
            EXPECT_EQ(bench.service.turns, 1) << "the turn that began goes on";
        },
        {.begins_after = 1ms});
}

TEST(TaskCall, StaysACallWhileItIsShort)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto result = co_await called(bench, "long", json::object());
        EXPECT_EQ(text_member(result, "resultType"), "complete");
    });
}

TEST(TaskCall, OfALongToolIsWaitedForByAClientThatTakesNoTasks)
{
    on_tasks(
        [](CatalogBench& bench) -> Task<void> {
            const auto taken = bench.start(bench.modern_call("long", holds));
            bench.capabilities = json::object();
            const auto waited = bench.start(bench.modern_call("long", holds, 2));
            co_await bench.end_of(taken);
            EXPECT_FALSE(waited->is_over);
            bench.service.release();
            co_await bench.end_of(waited);
            const auto result = result_of(waited->exchange.message());
            EXPECT_EQ(text_member(result, "resultType"), "complete");
            bench.capabilities = task_client();
            const auto created = result_of(taken->exchange.message());
            co_await rested(bench, std::string{text_member(created, "taskId")});
        },
        {.begins_after = 1ms});
}

TEST(TaskCall, IsCancelledByAClientThatLeavesBeforeItIsATask)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto flow = bench.start(bench.modern_call("long", holds));
        co_await bench.bell.until([&] { return bench.service.turns == 1; });
        flow->hang_up.emit(asio::cancellation_type::terminal);
        co_await bench.end_of(flow);
        EXPECT_EQ(bench.service.cancels, 1);
        EXPECT_FALSE(flow->exchange.replied);
        EXPECT_FALSE(flow->thrown);
        EXPECT_TRUE(bench.endpoint.counters().totals().errors.empty()) << "nobody failed";
    });
}

TEST(Task, AsksRoundAfterRoundAndRemembersTheAnswers)
{
    const auto arguments = FakeCatalog::rounds_of({"a", "b"});
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, arguments);
        for (const std::string key : {"a", "b"}) {
            const auto waiting = co_await rested(bench, id);
            EXPECT_EQ(text_member(waiting, "status"), "input_required");
            const auto questions = field<json>(waiting, "inputRequests").value_or(json{});
            EXPECT_EQ(questions, json({{key, FakeCatalog::form()}}));
            auto params = answers_params(id, json{{key, FakeCatalog::accepted(key)}});
            const auto taken = co_await about_task(bench, "tasks/update", std::move(params));
            EXPECT_EQ(text_member(result_of(taken), "resultType"), "complete");
        }
        const auto done = co_await rested(bench, id);
        EXPECT_EQ(text_member(done, "status"), "completed");
        EXPECT_EQ(find_member(done, "inputRequests"), nullptr);
        const auto result = field<json>(done, "result").value_or(json{});
        const auto shown = field<json>(result, "structuredContent").value_or(json{});
        const json answers{{"a", FakeCatalog::accepted("a")}, {"b", FakeCatalog::accepted("b")}};
        EXPECT_EQ(field<json>(shown, "answers").value_or(json{}), answers);
        EXPECT_EQ(field<json>(shown, "state").value_or(json{}).dump(), R"({"round":2})");
    });
}

TEST(Task, WaitsUntilTheLastQuestionOfARoundIsAnswered)
{
    json both = json::array();
    both.push_back(json{{"a", FakeCatalog::form()}, {"b", FakeCatalog::form()}});
    const json arguments{{"rounds", both}};
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, arguments);
        co_await rested(bench, id);
        auto first = answers_params(id, json{{"a", FakeCatalog::accepted("a")}});
        co_await about_task(bench, "tasks/update", std::move(first));
        const auto waiting = co_await rested(bench, id);
        EXPECT_EQ(text_member(waiting, "status"), "input_required");
        EXPECT_EQ(field<json>(waiting, "inputRequests").value_or(json{}),
                  json({{"b", FakeCatalog::form()}}));
        EXPECT_EQ(bench.service.turns, 1);
        auto second = answers_params(id, json{{"b", FakeCatalog::accepted("b")}});
        co_await about_task(bench, "tasks/update", std::move(second));
        const auto done = co_await rested(bench, id);
        EXPECT_EQ(text_member(done, "status"), "completed");
    });
}

/// What is refused as an answer, or passed over, and leaves the task as it was.
struct Given {
    std::string_view name;
    json responses;
    int code;  // 0: acknowledged
};
class TaskAnswer : public ::testing::TestWithParam<Given> {};

TEST_P(TaskAnswer, ThatDoesNotFitChangesNothing)
{
    const auto arguments = FakeCatalog::rounds_of({"who"});
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, arguments);
        const auto before = co_await rested(bench, id);
        bench.clock.advance(1s);
        auto params = answers_params(id, GetParam().responses);
        const auto answer = co_await about_task(bench, "tasks/update", std::move(params));
        EXPECT_EQ(error_code(answer), GetParam().code);
        const auto after = co_await rested(bench, id);
        EXPECT_EQ(after, before);
        EXPECT_EQ(bench.service.turns, 1);
    });
}

INSTANTIATE_TEST_SUITE_P(Rows,
                         TaskAnswer,
                         ::testing::ValuesIn(std::vector<Given>{
                             {"none", json::object(), 0},
                             {"to_another_question", {{"other", FakeCatalog::accepted("x")}}, 0},
                             {"of_another_shape", {{"who", "bob"}}, -32602},
                             {"of_another_action", {{"who", {{"action", "nod"}}}}, -32602},
                             {"as_a_list", json::array(), -32602},
                             {"as_null", nullptr, -32602},
                         }),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Task, IsCancelledWhileItWorks)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, holds);
        co_await bench.bell.until([&] { return bench.service.turns == 1; });
        auto params = task_params(id);
        const auto answer = co_await about_task(bench, "tasks/cancel", std::move(params));
        EXPECT_EQ(text_member(result_of(answer), "resultType"), "complete");
        const auto ended = co_await rested(bench, id);
        EXPECT_EQ(text_member(ended, "status"), "cancelled");
        EXPECT_EQ(bench.service.cancels, 1);
        EXPECT_EQ(find_member(ended, "result"), nullptr);
    });
}

TEST(Task, IsCancelledWhileItWaitsForAnswersAndTakesNoneAfter)
{
    const auto arguments = FakeCatalog::rounds_of({"who"});
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, arguments);
        co_await rested(bench, id);
        auto params = task_params(id);
        co_await about_task(bench, "tasks/cancel", std::move(params));
        const auto ended = co_await rested(bench, id);
        EXPECT_EQ(text_member(ended, "status"), "cancelled");
        EXPECT_EQ(find_member(ended, "inputRequests"), nullptr);
        auto answers = answers_params(id, json{{"who", FakeCatalog::accepted("bob")}});
        const auto late = co_await about_task(bench, "tasks/update", std::move(answers));
        EXPECT_EQ(error_code(late), 0) << "acknowledged";
        const auto still = co_await rested(bench, id);
        EXPECT_EQ(still, ended);
        EXPECT_EQ(bench.service.turns, 1);
    });
}

TEST(Task, ThatIsOverIsNotCancelled)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, json::object());
        const auto done = co_await rested(bench, id);
        EXPECT_EQ(text_member(done, "status"), "completed");
        bench.clock.advance(1s);
        auto params = task_params(id);
        const auto answer = co_await about_task(bench, "tasks/cancel", std::move(params));
        EXPECT_EQ(error_code(answer), 0) << "acknowledged";
        const auto still = co_await rested(bench, id);
        EXPECT_EQ(still, done);
    });
}

TEST(Task, FailsWithTheErrorOfItsCall)
{
    const json breaks{{"breaks", true}};
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, breaks);
        const auto failed = co_await rested(bench, id);
        EXPECT_EQ(text_member(failed, "status"), "failed");
        EXPECT_EQ(error_code(failed), -32603);
        EXPECT_EQ(text_member(failed, "statusMessage"), "broken");
        EXPECT_EQ(find_member(failed, "result"), nullptr);
    });
}

TEST(Task, FailsWithAQuestionThatItsClientDoesNotAnswer)
{
    const auto arguments = FakeCatalog::rounds_of({"who"});
    on_tasks([&](CatalogBench& bench) -> Task<void> {
        bench.capabilities.erase("elicitation");
        const auto id = co_await begun(bench, arguments);
        const auto failed = co_await rested(bench, id);
        EXPECT_EQ(text_member(failed, "status"), "failed");
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
