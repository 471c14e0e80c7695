#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/tasks/task_context.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using store::StoredTask;

/// The taskId of the params, or the answer when there is none, or the client may not use tasks.
std::expected<std::string, Answer> task_id(const Protocol& protocol, const Asked& asked)
{
    if (auto refusal = tasks_undeclared(protocol, asked))
        return std::unexpected{*std::move(refusal)};
    const auto& params = asked.message.params;
    const auto* id = params ? find_member(*params, "taskId") : nullptr;
    if (!id || !id->is_string()) {
        return std::unexpected{invalid_params(asked, "\"taskId\" must be a string")};
    }
    return id->get_ref<const std::string&>();
}

Answer acknowledged(const Protocol& protocol, const Asked& asked)
{
    return end_object(begin_object(protocol, asked, ResultType::complete, 0));
}

Answer refused(const Protocol& protocol, const Asked& asked, const Error& error)
{
    return refuse(protocol, refusal_for(error, asked.message.id));
}

/// `questions` without those that `answers` answers.
json unanswered(const json& questions, const json& answers)
{
    json left = json::object();
    for (const auto& [key, question] : questions.items()) {
        if (!answers.contains(key)) left.emplace(key, question);
    }
    return left;
}

/// Takes the answers into the task; with the last of them it works on. Answers to what is not
/// outstanding are passed over.
Result<bool> take_answers(StoredTask& task, const json& given)
{
    if (task.status != StoredTask::Status::input_required) return false;
    auto context = TaskContext::of(task);
    auto outstanding = parse_json(task.input_requests);
    if (!outstanding) return fail(Errc::internal, "the task's questions cannot be read");
    auto answers = merged_answers(*context.answers, *outstanding, given);
    if (!answers) return fail(std::move(answers).error());
    const auto left = unanswered(*outstanding, *answers);
    if (left.size() == outstanding->size()) return false;
    context.answers = std::make_shared<const json>(*std::move(answers));
    task.context = context.text();
    task.input_requests = left.empty() ? std::string{} : dump_json(left);
    if (left.empty()) task.status = StoredTask::Status::working;
    return true;
}

/// It was at work somewhere, and nobody will tell how it ended.
void fail_lost(StoredTask& task)
{
    task.status = StoredTask::Status::failed;
    task.status_message = "this gateway does not run the task any more; what it did is unknown";
    if (!task.run.empty()) task.status_message += " (run " + task.run + ')';
    task.error = R"({"code":)" + std::to_string(code::internal_error) + R"(,"message":)" +
                 json_string(task.status_message) + '}';
}

/// How long after its creation the task may be forgotten: its ttl counts from when it came to rest.
std::string ttl_of(const StoredTask& task)
{
    if (!task.ttl) return "null";
    using std::chrono::milliseconds;
    const auto worked = std::max(
        milliseconds{0}, std::chrono::duration_cast<milliseconds>(task.updated - task.created));
    const bool is_sum = *task.ttl < milliseconds::max() - worked;
    return std::to_string((is_sum ? *task.ttl + worked : *task.ttl).count());
}

}  // namespace

std::string task_json(const StoredTask& task, TaskDetail detail)
{
    std::string out = R"({"taskId":)" + json_string(task.id);
    out += R"(,"status":)" + json_string(store::to_string(task.status));
    if (!task.status_message.empty()) {
        out += R"(,"statusMessage":)" + json_string(task.status_message);
    }
    out += R"(,"createdAt":)" + json_string(rfc3339(task.created));
    out += R"(,"lastUpdatedAt":)" + json_string(rfc3339(task.updated));
    out += R"(,"ttlMs":)" + ttl_of(task);
    out += R"(,"pollIntervalMs":)" + std::to_string(task.poll_interval.count());
    if (detail == TaskDetail::outcome) {
        if (!task.input_requests.empty()) out += R"(,"inputRequests":)" + task.input_requests;
        if (!task.result.empty()) out += R"(,"result":)" + task.result;
        if (!task.error.empty()) out += R"(,"error":)" + task.error;
    }
    return out + '}';
}

std::optional<Answer> tasks_undeclared(const Protocol& protocol, const Asked& asked)
{
    if (protocol.tasks && ClientFeatures{asked.client.capabilities}.takes_tasks()) {
        return std::nullopt;
    }
    return to_answer({.status = 400,
                      .code = code::missing_client_capability,
                      .message = "the client does not declare the tasks extension",
                      .data = R"({"requiredCapabilities":{"extensions":{)"
                              R"("io.modelcontextprotocol/tasks":{}}}})",
                      .id = asked.message.id});
}

Task<Answer> get_task(Protocol& protocol, const Asked& asked)
{
    const auto id = task_id(protocol, asked);
    if (!id) co_return id.error();
    const auto task = co_await protocol.tasks->find(*id, asked.principal.identity.key());
    if (!task) co_return refused(protocol, asked, task.error());
    const auto text = task_json(*task, TaskDetail::outcome);
    auto message = begin_object(protocol, asked, ResultType::complete, text.size());
    append_members(message, std::string_view{text}.substr(1, text.size() - 2));
    co_return end_object(std::move(message));
}

Task<Answer> update_task(Protocol& protocol, const Asked& asked)
{
    const auto id = task_id(protocol, asked);
    if (!id) co_return id.error();
    const auto* given = find_member(*asked.message.params, "inputResponses");
    if (!given || !given->is_object()) {
        co_return invalid_params(asked, "\"inputResponses\" must be an object");
    }
    // Once the answers are taken the task has to go on, with or without its client.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    const TaskBoard::Expected expected{*protocol.tasks, *id};
    std::optional<Error> misfit;
    const auto edit = [given, &misfit](StoredTask& task) {
        auto taken = take_answers(task, *given);
        if (taken) return *taken;
        misfit = std::move(taken).error();
        return false;
    };
    auto changed = co_await protocol.tasks->change(*id, asked.principal.identity.key(), edit);
    if (!changed) co_return refused(protocol, asked, changed.error());
    if (misfit) co_return refused(protocol, asked, *misfit);
    if (changed->is_altered && changed->task.status == StoredTask::Status::working) {
        co_await resume_task(protocol, asked, std::move(changed->task));
    }
    co_return acknowledged(protocol, asked);
}

Task<Answer> cancel_task(Protocol& protocol, const Asked& asked)
{
    const auto id = task_id(protocol, asked);
    if (!id) co_return id.error();
    // One that works ends by itself once it is stopped; one that waits for answers ends here, and
    // so does one that works nowhere any more.
    const auto edit = [&board = *protocol.tasks](StoredTask& task) {
        if (task.status == StoredTask::Status::working) {
            if (board.runs(task.id)) return false;
            fail_lost(task);
            return true;
        }
        task.status = StoredTask::Status::cancelled;
        task.input_requests.clear();
        return true;
    };
    const auto changed = co_await protocol.tasks->change(*id, asked.principal.identity.key(), edit);
    if (!changed) co_return refused(protocol, asked, changed.error());
    if (changed->is_altered) {
        protocol.subscriptions.publish(
            service::change::Task{.id = changed->task.id,
                                  .principal = changed->task.principal,
                                  .task = task_json(changed->task, TaskDetail::outcome)});
    } else {
        protocol.tasks->stop(*id);
    }
    co_return acknowledged(protocol, asked);
}

}  // namespace tailops::mcp
