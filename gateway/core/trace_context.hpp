#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tailops {

/// Where a call stands in a distributed trace (W3C Trace Context, 2021). What a client says of it
/// is fit for finding records of the same trace, and for nothing else.
struct TraceContext {
    std::string trace_id;  // 32 lower-case hexadecimal digits
    std::string flags;     // 2 of them
    std::string state;     // tracestate as it came, at most 512 characters; or empty
};

/// Reads `traceparent` and `tracestate` (sections 3.2 and 3.3). Nothing when the first is not
/// valid; a state that is not valid is left out.
std::optional<TraceContext> read_trace_context(std::string_view parent, std::string_view state);

/// The `traceparent` of what a span of ours asks of others. `span` begins with 16 lower-case
/// hexadecimal digits, not all 0, as the id of a request does; else the result is empty.
std::string traceparent_of(const TraceContext& trace, std::string_view span);

}  // namespace tailops
