#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/doors/mcp/protocol.hpp"

#include <string_view>

namespace tailops::mcp {

using Handler = Task<Answer> (*)(Protocol&, const Asked&);

/// What a method does to the way it is run.
enum class Work {
    quick,   // answered at once from what we know
    call,    // may take long, speak meanwhile and, in the legacy era, outlive its client
    stream,  // answers by a stream of notifications that ends when either side goes
};

/// The part of the protocol that a method belongs to: one that is not served is unknown.
enum class Part { core, prompts, resources, completions, logging, tasks };

/// Whether a request counts for the rate of its principal before it is served (Service::admit).
/// What ends by an error counts in any case: see noted().
enum class Pace { free, counted };

/// A method of the protocol and who answers it in each era; null where the era does not have it.
struct Method {
    std::string_view name;
    Handler modern;
    Handler legacy;
    Work work;
    Part part;
    Pace pace{Pace::free};
};

/// Null when neither era has it. The table is in methods.cpp.
const Method* find_method(std::string_view name) noexcept;

/// Runs the handler of the request's era. An unknown method is 404 in the modern era and an in-band
/// error in the legacy one. An exception becomes an internal error, unless the request was
/// cancelled.
Task<Answer> dispatch(Protocol& protocol, const Asked& asked);

// The handlers, by file.
Task<Answer> discover(Protocol&, const Asked&);                 // handshake.cpp
Task<Answer> initialize(Protocol&, const Asked&);               // handshake.cpp
Task<Answer> ping(Protocol&, const Asked&);                     // handshake.cpp
Task<Answer> set_log_level(Protocol&, const Asked&);            // handshake.cpp
Task<Answer> list_tools(Protocol&, const Asked&);               // lists.cpp
Task<Answer> list_prompts(Protocol&, const Asked&);             // lists.cpp
Task<Answer> list_resources(Protocol&, const Asked&);           // lists.cpp
Task<Answer> list_resource_templates(Protocol&, const Asked&);  // lists.cpp
Task<Answer> call_tool(Protocol&, const Asked&);                // tools.cpp
Task<Answer> get_prompt(Protocol&, const Asked&);               // prompts.cpp
Task<Answer> read_resource(Protocol&, const Asked&);            // resources.cpp
Task<Answer> follow_resource(Protocol&, const Asked&);          // resources.cpp
Task<Answer> unfollow_resource(Protocol&, const Asked&);        // resources.cpp
Task<Answer> complete_argument(Protocol&, const Asked&);        // completion.cpp
Task<Answer> listen_for_changes(Protocol&, const Asked&);       // listen.cpp
Task<Answer> get_task(Protocol&, const Asked&);                 // task_methods.cpp
Task<Answer> update_task(Protocol&, const Asked&);              // task_methods.cpp
Task<Answer> cancel_task(Protocol&, const Asked&);              // task_methods.cpp

/// The version to speak with a client whose `initialize` has these params (2025-11-25,
/// basic/lifecycle, Version Negotiation).
Revision settled_revision(const JsonPart& params);

/// What a modern result says it is (MCP 2026-07-28, basic/index, ResultType).
enum class ResultType { complete, input_required, task };

/// Opens the result of `asked`: for a modern one with resultType and serverInfo, so that nothing
/// can be sent without them. The caller appends members with append_members, or each with a comma
/// before it, then calls end_object.
std::string begin_object(const Protocol& protocol,
                         const Asked& asked,
                         ResultType type,
                         std::size_t bytes);
/// Appends `"a":1,"b":2` with the comma that it needs before it; empty text adds nothing.
void append_members(std::string& message, std::string_view members);
Answer end_object(std::string message);
/// How long a modern client may reuse the result, and that nobody else may: lists and readings
/// differ by caller (MCP 2026-07-28, server/utilities/caching). Nothing in the legacy era.
void append_cache_hints(std::string& message, const Protocol& protocol, const Asked& asked);

/// The arguments of a request that gives none.
JsonPart empty_object();

/// The in-band -32602 answer. `data` is JSON text, or empty.
Answer invalid_params(const Asked& asked, std::string why, std::string data = {});

}  // namespace tailops::mcp
