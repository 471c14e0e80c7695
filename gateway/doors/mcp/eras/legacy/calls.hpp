#pragma once

#include "gateway/doors/mcp/eras/legacy/session.hpp"
#include "gateway/doors/mcp/protocol.hpp"

#include <memory>

namespace tailops::mcp::legacy {

/// Starts the call on the current executor, beside the caller: what becomes of the caller does not
/// touch it. It ends by itself, by notifications/cancelled, or with its session. The answer goes to
/// `asked->outbox`; that is also how a session with too many calls is told.
Task<void> start_call(std::shared_ptr<Protocol> protocol,
                      std::shared_ptr<Session> session,
                      std::shared_ptr<const Asked> asked);

}  // namespace tailops::mcp::legacy
