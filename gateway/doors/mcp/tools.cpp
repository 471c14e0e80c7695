#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/tasks/running_turn.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// Structured results exist since 2025-06-18, and any JSON value since 2026-07-28.
bool shows_structured(const service::ToolResult& result, Revision revision)
{
    if (!result.structured || revision == Revision::v2025_03_26) return false;
    return is_modern(revision) || result.structured->is_object();
}

/// Links to resources exist since 2025-06-18.
bool shows_block(const json& block, Revision revision)
{
    return revision != Revision::v2025_03_26 || text_member(block, "type") != "resource_link";
}

Members members_of(const service::ToolResult& result, Revision revision)
{
    // Rendered once, though it mostly stands in the message twice.
    std::string structured;
    if (result.structured) append_json(structured, *result.structured);
    const auto& text = result.text.empty() ? structured : result.text;
    Members members;
    auto& out = members.text;
    // An eighth more: the text is mostly JSON, whose quotes are escaped.
    out.reserve(text.size() * 9 / 8 + structured.size() + 96);
    out += R"("content":[)";
    if (!text.empty() || !result.more_blocks) {
        out += R"({"type":"text","text":)";
        append_json_string(out, text);
        out += '}';
    }
    if (result.more_blocks) {
        for (const auto& block : *result.more_blocks) {
            if (!shows_block(block, revision)) continue;
            if (out.back() != '[') out += ',';
            append_json(out, block);
        }
    }
    out += ']';
    if (shows_structured(result, revision)) {
        out += R"(,"structuredContent":)";
        out += structured;
    }
    if (result.is_error) out += R"(,"isError":true)";
    return members;
}

Members error_members(const Error& error, Revision revision)
{
    const service::ToolResult result{.text = error.public_message(),
                                     .structured = nullptr,
                                     .is_error = true,
                                     .more_blocks = nullptr};
    return members_of(result, revision);
}

/// A failure that the model should read is a result; only a cancellation stays an error, because a
/// task that was cancelled has no result.
bool is_result(const Error& error)
{
    return kind_of(error.code()) == FailureKind::tool_error && error.code() != Errc::cancelled;
}

Task<Result<Turn>> take_turn(service::Service& service,
                             McpCaller& caller,
                             std::string tool,
                             JsonPart arguments)
{
    auto outcome = co_await service.call_tool(caller, std::move(tool), std::move(arguments));
    if (!outcome) {
        if (!is_result(outcome.error())) co_return fail(std::move(outcome).error());
        co_return error_members(outcome.error(), caller.revision());
    }
    if (auto* question = std::get_if<service::InputRequired>(&*outcome))
        co_return std::move(*question);
    if (const auto* task = std::get_if<service::RunAsTask>(&*outcome)) co_return *task;
    co_return members_of(std::get<service::ToolResult>(*outcome), caller.revision());
}

/// Runs the handling beside the request and gives it back when it takes longer than the client
/// should wait for an answer. A client that leaves before that cancels it.
Task<Result<Turn>> take_long_turn(Handling inner,
                                  McpCaller& caller,
                                  RunningTurn::Work work,
                                  std::chrono::milliseconds patience)
{
    const auto home = co_await asio::this_coro::executor;
    work.answers = caller.answers();
    work.state = caller.state();
    work.handling = std::move(inner);
    const auto running = RunningTurn::start(home, std::move(work));
    const bool is_over = co_await running->attend(after(patience));
    if (is_over) co_return running->take();
    co_return Turn{running};
}

Answer failed_answer(const Protocol& protocol, const Asked& asked, const Error& error)
{
    if (kind_of(error.code()) == FailureKind::tool_error) {
        return complete_answer(protocol, asked, error_members(error, asked.revision));
    }
    return refuse(protocol, refusal_for(error, asked.message.id));
}

/// The headers that a modern client mirrors from the arguments of this tool.
Status check_mirrored(const ToolTraits& traits, const Asked& asked, const json& arguments)
{
    if (!is_modern(asked.revision) || asked.binding != Binding::http) return {};
    if (traits.param_headers.empty()) return {};
    return check_param_headers(traits.param_headers, asked.headers, arguments);
}

Answer header_mismatch(const Asked& asked, const Error& error)
{
    return to_answer({.status = 400,
                      .code = code::header_mismatch,
                      .message = "header mismatch: " + error.public_message(),
                      .id = asked.message.id});
}

/// A task that the client must take, or may.
Task<TaskOrTurn> go_on_as_task(
    Protocol& protocol, const Asked& asked, Subject subject, Turn turn, const McpCaller& caller)
{
    if (auto refusal = tasks_undeclared(protocol, asked)) co_return *std::move(refusal);
    co_return co_await begin_task(protocol, asked, std::move(subject), std::move(turn), caller);
}

}  // namespace

Handling tool_handling(Protocol& protocol, std::string tool, JsonPart arguments)
{
    return [&service = protocol.service, tool = std::move(tool), arguments = std::move(arguments)](
               McpCaller& caller) { return take_turn(service, caller, tool, arguments); };
}

Task<Answer> call_tool(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* name = params ? find_member(*params, "name") : nullptr;
    if (!name || !name->is_string()) co_return invalid_params(asked, "\"name\" must be a string");
    const auto* given = find_member(*params, "arguments");
    if (given && !given->is_object()) {
        co_return invalid_params(asked, "\"arguments\" must be an object");
    }
    const auto arguments = given ? JsonPart{params, given} : empty_object();
    const auto& tool = name->get_ref<const std::string&>();
    const auto traits = protocol.tool_traits.get(protocol.service, tool);
    if (auto mirrored = check_mirrored(*traits, asked, *arguments); !mirrored) {
        co_return header_mismatch(asked, mirrored.error());
    }
    auto handling = tool_handling(protocol, tool, arguments);
    if (traits->may_last && takes_tasks(protocol, asked)) {
        handling = [inner = std::move(handling), &protocol, &asked](McpCaller& caller) {
            return take_long_turn(inner, caller,
                                  {.terms = terms_of(protocol, asked),
                                   .outbox = asked.outbox,
                                   .answers = nullptr,
                                   .state = nullptr,
                                   .handling = {},
                                   .keeps = protocol.shared_from_this()},
                                  protocol.settings.tasks->begins_after);
        };
    }
    const Subject subject{tool, arguments};
    Rounds rounds{
        .protocol = protocol,
        .asked = asked,
        .subject = subject,
        .handling = std::move(handling),
        .failed = [&protocol,
                   &asked](const Error& error) { return failed_answer(protocol, asked, error); },
        .as_task =
            [&protocol, &asked, &subject](Turn turn, const McpCaller& caller) {
                return go_on_as_task(protocol, asked, subject, std::move(turn), caller);
            }};
    co_return co_await rounds.run();
}

}  // namespace tailops::mcp
