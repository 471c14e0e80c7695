#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/mcp/protocol.hpp"

#include <string_view>

namespace tailops::mcp {

using Handler = Task<Answer> (*)(Protocol&, const Asked&);

/// What a method does to the way it is run.
enum class Work {
    quick,  // answered at once from what we know
    call,   // may take long, speak meanwhile and, in the legacy era, outlive its client
};

/// A method of the protocol and who answers it in each era; null where the era does not have it.
struct Method {
    std::string_view name;
    Handler modern;
    Handler legacy;
    Work work;
};

/// Null when neither era has it. The table is in methods.cpp.
const Method* find_method(std::string_view name) noexcept;

/// Runs the handler of the request's era. An unknown method is 404 in the modern era and an in-band
/// error in the legacy one. An exception becomes an internal error, unless the request was
/// cancelled.
Task<Answer> dispatch(Protocol& protocol, const Asked& asked);

// The handlers, by file.
Task<Answer> discover(Protocol&, const Asked&);    // handshake.cpp
Task<Answer> initialize(Protocol&, const Asked&);  // handshake.cpp
Task<Answer> ping(Protocol&, const Asked&);        // handshake.cpp
Task<Answer> list_tools(Protocol&, const Asked&);  // tools.cpp
Task<Answer> call_tool(Protocol&, const Asked&);   // tools.cpp

/// Opens the result of `asked`: for a modern one with resultType and serverInfo, so that nothing
/// can be sent without them. The caller appends members, each with a comma before it, then calls
/// end_object.
std::string begin_object(const Protocol& protocol, const Asked& asked, std::size_t bytes);
Answer end_object(std::string message);

/// The in-band -32602 answer.
Answer invalid_params(const Asked& asked, std::string why);

}  // namespace tailops::mcp
