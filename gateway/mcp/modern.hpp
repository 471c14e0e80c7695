#pragma once

#include "gateway/mcp/exchange.hpp"
#include "gateway/mcp/headers.hpp"
#include "gateway/mcp/protocol.hpp"

#include <memory>

namespace tailops::mcp {

/// Answers one request of the stateless era. The handler runs within the caller's cancellation: a
/// client that hangs up cancels its call.
Task<void> serve_modern(std::shared_ptr<Protocol> protocol,
                        Inbound inbound,
                        ModernRequest request,
                        Exchange& exchange);

}  // namespace tailops::mcp
