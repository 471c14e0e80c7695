#pragma once

#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/doors/mcp/tasks/turn.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace tailops::mcp {

/// What identifies the request to requestState: `name` and `arguments` as the caller sent them.
struct Subject {
    std::string name;
    JsonPart arguments;
};

/// What became of a turn that was to go on as a task: the answer that tells of the task, or, where
/// none could be made, what the turn came to after all.
using TaskOrTurn = std::variant<Answer, Result<Turn>>;

/// Runs a handler that may have questions, in the way of the request's era: a modern client is
/// answered `input_required` and comes back; a legacy one is asked at once on the request's own
/// stream (MCP 2025-11-25, client features), at most `legacy_rounds_max` times.
///
/// Errors of the handler become `failed(error)`.
struct Rounds {
    static constexpr int legacy_rounds_max = 8;

    Protocol& protocol;
    const Asked& asked;
    Subject subject;
    Handling handling;
    std::function<Answer(const Error&)> failed;
    /// Goes on as a task, with a RunAsTask or a RunningTurn; null where the method cannot (MCP
    /// tasks extension: only tools/call).
    std::function<Task<TaskOrTurn>(Turn, const McpCaller&)> as_task{};

    Task<Answer> run();

private:
    Task<Answer> run_modern();
    Answer answer_to(const Result<Turn>& turn, const McpCaller& caller) const;
    Task<Answer> run_legacy();
};

/// The terms under which a handler works for `asked`, as a task or within the request.
McpCaller::Terms terms_of(const Protocol& protocol, const Asked& asked);

/// Whether a call of `asked` can go on as a task.
bool takes_tasks(const Protocol& protocol, const Asked& asked);

/// The complete result that a turn came to.
Answer complete_answer(const Protocol& protocol, const Asked& asked, const Members& members);

/// What the seal of a requestState is bound to.
std::string binding_of(const Asked& asked, const Subject& subject);

/// Whether `response` has the shape of a client's result for a request of `method`.
bool is_response_to(std::string_view method, const nlohmann::json& response);

/// A JSON object of the requests, as inputRequests wants it.
std::string input_requests_json(const service::InputRequired& question);

/// The -32021 answer when the client does not declare what `question` needs; nothing when it does.
std::optional<Answer> undeclared(const Asked& asked,
                                 const ClientFeatures& client,
                                 const service::InputRequired& question);

/// Holds a client's response to the request it answers, `{"method","params"}`: to the shape of its
/// result, and that of a form to what was asked. Errors: invalid_argument, saying what does not
/// fit.
Status check_response(const nlohmann::json& question, const nlohmann::json& response);

/// `earlier` with what `given`, an object, answers to `questions` (key to `{"method","params"}`).
/// Unknown keys are left out. Errors: invalid_argument (a response that does not fit its question).
Result<nlohmann::json> merged_answers(nlohmann::json earlier,
                                      const nlohmann::json& questions,
                                      const nlohmann::json& given);

}  // namespace tailops::mcp
