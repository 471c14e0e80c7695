#pragma once

#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"

#include <memory>

namespace tailops::mcp::legacy {

/// Answers one POST of the legacy era. A tool call runs beside it: cancelling this task leaves the
/// call running, and what it says can be resumed through GET.
Task<void> serve_post(std::shared_ptr<Protocol> protocol,
                      Inbound inbound,
                      LegacyMessages body,
                      http::Exchange& exchange);

/// The session's own stream, or with Last-Event-ID the one that broke off.
Task<void> serve_get(std::shared_ptr<Protocol> protocol, Inbound inbound, http::Exchange& exchange);

/// Ends the session.
Task<void> serve_delete(std::shared_ptr<Protocol> protocol,
                        Inbound inbound,
                        http::Exchange& exchange);

/// The session that a request names. `refusal.status` is 400 (no or bad header, an unsupported
/// protocol version) or 404 (unknown, expired, another principal's).
std::expected<std::shared_ptr<Session>, Refusal> find_session(Protocol& protocol,
                                                              const Inbound& inbound);

}  // namespace tailops::mcp::legacy
