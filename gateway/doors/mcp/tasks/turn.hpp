#pragma once

#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/service/service.hpp"

#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace tailops::mcp {

class RunningTurn;

/// The members of a complete result as JSON text without its braces, in the asker's revision:
/// `"content":[...]`.
struct Members {
    std::string text;
};

/// What one turn of a handler came to. A RunningTurn has not come to anything yet: the call takes
/// long and can go on as a task.
using Turn =
    std::variant<Members, service::InputRequired, service::RunAsTask, std::shared_ptr<RunningTurn>>;

/// A handler that can be asked again with more answers: each call is one turn. Holds whatever it
/// needs but the McpCaller, so that it can outlive the request.
using Handling = std::function<Task<Result<Turn>>(McpCaller&)>;

}  // namespace tailops::mcp
