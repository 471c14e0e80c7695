#include "gateway/core/json.hpp"
#include "tests/conformance/fixture_service.hpp"

#include <nlohmann/json.hpp>

namespace tailops::fixture {
namespace {

using namespace std::chrono_literals;
using Outcome = Result<service::ToolOutcome>;
using service::InputRequired;
using service::RunAsTask;

constexpr std::string_view name_form =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";
constexpr std::string_view confirm_form =
    R"({"type":"object","properties":{"confirm":{"type":"boolean"}},"required":["confirm"]})";

RunAsTask as_task(RunAsTask::Need need)
{
    return {.need = need, .poll_interval = 100ms};
}

/// Whether the tool should go on as a task now: the client takes tasks and this is none yet.
bool becomes_task(const FixtureCall& call)
{
    return !call.caller.is_task() && call.caller.takes_tasks();
}

Task<Outcome> greet(FixtureCall call)
{
    co_return text_result("Hello, " + call.arguments.value("name", std::string{"you"}) + "!");
}

Task<Outcome> slow_compute(FixtureCall call)
{
    const auto seconds = call.arguments.value("seconds", 1.0);
    if (seconds > 0 && becomes_task(call)) co_return as_task(RunAsTask::Need::offered);
    co_await pause(std::chrono::milliseconds{static_cast<int>(std::min(seconds, 600.0) * 1000)});
    co_return text_result("Computed " + call.arguments.value("label", std::string{"nothing"}));
}

Task<Outcome> failing_job(FixtureCall call)
{
    if (!call.caller.is_task()) co_return as_task(RunAsTask::Need::required);
    co_await pause(500ms);
    auto result = text_result("The job failed, as it always does");
    result.is_error = true;
    co_return result;
}

Task<Outcome> protocol_error_job(FixtureCall call)
{
    if (!call.caller.is_task()) co_return as_task(RunAsTask::Need::required);
    co_return fail(Errc::internal, "the job broke, as it always does");
}

Task<Outcome> confirm_delete(FixtureCall call)
{
    if (becomes_task(call)) co_return as_task(RunAsTask::Need::offered);
    const auto* answer = call.caller.answer("confirm");
    if (!answer) {
        InputRequired asks;
        asks.requests.emplace(
            "confirm",
            elicitation("Delete " + call.arguments.value("filename", std::string{"it"}) + "?",
                        confirm_form));
        co_return asks;
    }
    const auto* content = call.caller.accepted("confirm");
    const bool confirmed = content && content->value("confirm", false);
    co_return text_result(confirmed ? "deleted=true" : "deleted=false");
}

Task<Outcome> multi_input(FixtureCall call)
{
    if (becomes_task(call)) co_return as_task(RunAsTask::Need::offered);
    if (call.caller.answer("first") && call.caller.answer("second")) {
        co_return text_result("Both answers came");
    }
    InputRequired asks;
    asks.requests.emplace("first", elicitation("The first name?", name_form));
    asks.requests.emplace("second", elicitation("The second name?", name_form));
    co_return asks;
}

/// Asks first, then works: the question is settled before there is a task.
Task<Outcome> asks_then_task(FixtureCall call)
{
    const auto* content = call.caller.accepted("user_name");
    if (!content) {
        InputRequired asks;
        asks.requests.emplace("user_name", elicitation("What is your name?", name_form));
        co_return asks;
    }
    if (!call.caller.is_task()) co_return as_task(RunAsTask::Need::required);
    co_await pause(100ms);
    co_return text_result("Worked for " + std::string{text_member(*content, "name")});
}

}  // namespace

const std::vector<FixtureRow>& task_tools()
{
    static const std::vector<FixtureRow> rows{
        {"greet", "Greets",
         R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})", greet},
        {"slow_compute", "Computes slowly",
         R"({"type":"object","properties":{"seconds":{"type":"number"},"label":{"type":"string"}}})",
         slow_compute},
        {"failing_job", "A job that fails", no_arguments, failing_job},
        {"protocol_error_job", "A job that breaks", no_arguments, protocol_error_job},
        {"confirm_delete", "Deletes nothing, once confirmed",
         R"({"type":"object","properties":{"filename":{"type":"string"}}})", confirm_delete},
        {"multi_input", "Asks two things at once", no_arguments, multi_input},
        {"test_tool_with_task", "Asks, then works", no_arguments, asks_then_task},
    };
    return rows;
}

}  // namespace tailops::fixture
