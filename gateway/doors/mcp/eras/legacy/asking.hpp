#pragma once

#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/service/service.hpp"

namespace tailops::mcp::legacy {

/// Sends `question` to the client of `asked` on the stream of that request and waits for the
/// response, which comes in a POST of its own (MCP 2025-11-25, basic/transports, Sending Messages).
/// Returns the response's result.
///
/// Cancelling forgets the question. Errors: unavailable (the client does not answer such requests,
/// or its stream takes no more), denied (it answered with an error), invalid_argument (its result
/// has the wrong shape, or a form is filled with what was not asked for), deadline_exceeded.
Task<Result<JsonPart>> ask(Protocol& protocol, const Asked& asked, service::InputRequest question);

}  // namespace tailops::mcp::legacy
