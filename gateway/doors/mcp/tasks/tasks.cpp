#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/tasks/task_context.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using Status = store::StoredTask::Status;
using Shared = std::shared_ptr<Protocol>;

void publish(Protocol& protocol, const store::StoredTask& task)
{
    protocol.subscriptions.publish(service::change::Task{
        .id = task.id, .principal = task.principal, .task = task_json(task, TaskDetail::outcome)});
}

/// The questions of a turn, kept with the task until each is answered.
void ask(store::StoredTask& task, const service::InputRequired& question)
{
    auto context = TaskContext::of(task);
    auto asked = *context.asked;
    for (const auto& [key, request] : question.requests) asked[key] = request.method;
    context.asked = std::make_shared<const json>(std::move(asked));
    context.state = question.state;
    task.context = context.text();
    task.status = Status::input_required;
    task.input_requests = input_requests_json(question);
}

void fail_task(store::StoredTask& task, const Error& error)
{
    if (error.code() == Errc::cancelled) {
        task.status = Status::cancelled;
        task.status_message = error.public_message();
        return;
    }
    const auto refusal = refusal_for(error, {});
    task.status = Status::failed;
    task.status_message = refusal.message;
    task.error = R"({"code":)" + std::to_string(refusal.code) + R"(,"message":)" +
                 json_string(refusal.message) + '}';
}

/// A question that cannot be put to the client, or was answered before, is a failure of the tool.
std::optional<Error> misplaced(const store::StoredTask& task,
                               const ClientFeatures& client,
                               const service::InputRequired& question)
{
    const auto context = TaskContext::of(task);
    for (const auto& [key, request] : question.requests) {
        if (!client.answers(request.method, request.params)) {
            return Error{Errc::unavailable,
                         "the client does not declare what this needs: " + request.method};
        }
        if (context.answers->contains(key)) {
            return Error{Errc::internal, "the tool asked the same question twice: " + quote(key)};
        }
    }
    return std::nullopt;
}

void settle(store::StoredTask& task, const Result<Turn>& turn, const ClientFeatures& client)
{
    task.input_requests.clear();
    if (!turn) return fail_task(task, turn.error());
    if (const auto* members = std::get_if<Members>(&*turn)) {
        task.status = Status::completed;
        task.result = R"({"resultType":"complete",)" + members->text + '}';
        return;
    }
    if (const auto* question = std::get_if<service::InputRequired>(&*turn)) {
        if (const auto problem = misplaced(task, client, *question)) {
            return fail_task(task, *problem);
        }
        return ask(task, *question);
    }
    fail_task(task, Error{Errc::internal, "a task cannot become a task"});
}

/// Tells what a turn of the task came to, and keeps it.
Task<void> finish(Shared protocol, store::StoredTask task, std::shared_ptr<RunningTurn> running)
{
    settle(task, running->take(), running->caller().client());
    protocol->tasks->end(task);
    publish(*protocol, task);
    co_await protocol->tasks->keep_ends();
}

/// From now on the turn belongs to the task. On the turn's own strand.
void adopt(Shared protocol,
           const store::StoredTask& task,
           std::shared_ptr<RunningTurn> running,
           const asio::any_io_executor& home)
{
    protocol->tasks->add(task.id, running);
    running->on_end([protocol, task, running, home] {
        asio::co_spawn(home, finish(protocol, task, running), [](std::exception_ptr thrown) {
            if (thrown) log(Event::internal_error, {{"where", "tasks"}});
        });
    });
}

std::shared_ptr<RunningTurn> start_turn(Protocol& protocol,
                                        const Asked& asked,
                                        const store::StoredTask& task,
                                        const asio::any_io_executor& home)
{
    auto context = TaskContext::of(task);
    auto terms = terms_of(protocol, asked);
    terms.capabilities = std::move(context.capabilities);
    terms.progress_token.reset();  // a task tells no progress
    terms.log_level.reset();
    terms.is_task = true;
    const auto arguments =
        std::make_shared<const json>(parse_json(task.arguments).value_or(json::object()));
    return RunningTurn::start(home,
                              {.terms = std::move(terms),
                               .outbox = nullptr,
                               .answers = std::move(context.answers),
                               .state = std::move(context.state),
                               .handling = tool_handling(protocol, task.method_name, arguments),
                               .keeps = protocol.shared_from_this()});
}

Answer created(const Protocol& protocol, const Asked& asked, const store::StoredTask& task)
{
    const auto text = task_json(task, TaskDetail::state);
    auto message = begin_object(protocol, asked, ResultType::task, text.size());
    append_members(message, std::string_view{text}.substr(1, text.size() - 2));
    return end_object(std::move(message));
}

}  // namespace

Task<TaskOrTurn> begin_task(
    Protocol& protocol, const Asked& asked, Subject subject, Turn turn, const McpCaller& caller)
{
    const auto home = co_await asio::this_coro::executor;
    const auto* terms = std::get_if<service::RunAsTask>(&turn);
    TaskContext context;
    context.capabilities = asked.client.capabilities;
    context.answers = caller.answers();
    context.state = caller.state();
    store::StoredTask task;
    task.principal = asked.principal.identity.key();
    task.method_name = std::move(subject.name);
    task.arguments = dump_json(*subject.arguments);
    task.context = context.text();
    task.run = asked.request.str();
    task.ttl = terms ? terms->ttl : protocol.tasks->settings().ttl;
    task.poll_interval = terms ? terms->poll_interval : protocol.tasks->settings().poll_interval;
    auto kept = co_await protocol.tasks->insert(std::move(task));
    const auto* running = std::get_if<std::shared_ptr<RunningTurn>>(&turn);
    if (!kept) {
        if (running) {
            // A client that left meanwhile must not leave the turn to nobody; attend() sees to it.
            co_await asio::this_coro::throw_if_cancelled(false);
            (void)co_await (*running)->attend(Deadline::max());
            co_return (*running)->take();
        }
        co_return refuse(protocol, refusal_for(kept.error(), asked.message.id));
    }
    adopt(protocol.shared_from_this(), *kept,
          running ? *running : start_turn(protocol, asked, *kept, home), home);
    co_return created(protocol, asked, *kept);
}

Task<void> resume_task(Protocol& protocol, const Asked& asked, store::StoredTask task)
{
    const auto home = co_await asio::this_coro::executor;
    adopt(protocol.shared_from_this(), task, start_turn(protocol, asked, task, home), home);
}

}  // namespace tailops::mcp
