#pragma once

#include "gateway/doors/mcp/protocol.hpp"

#include <string>
#include <vector>

namespace tailops::mcp::legacy {

/// A refusal with -32600.
Refusal refusal(int status, std::string message);

/// The ids of the requests in `body`.
std::vector<MessageId> ids_in(const LegacyMessages& body);

/// Whether a body that is refused as a whole gets one error, or an array with one for each request:
/// a batch does, unless its session speaks a revision that has no batches.
enum class Form { one, array };

/// The reply to what has no body, counted and logged as an error.
http::Reply refused(Protocol& protocol, const Inbound& inbound, Refusal why);
/// The reply to a body that is refused as a whole. One error has the id of the only request; where
/// there are several, it can name none of them.
http::Reply refused(
    Protocol& protocol, const Inbound& inbound, const LegacyMessages& body, Form form, Refusal why);

/// The answers to the elements of a batch that are no messages (JSON-RPC 2.0 section 6). Takes
/// them out of their messages.
std::vector<Answer> misfits_in(Protocol& protocol, const Inbound& inbound, LegacyMessages& body);

}  // namespace tailops::mcp::legacy
