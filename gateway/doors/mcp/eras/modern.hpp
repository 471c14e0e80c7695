#pragma once

#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"

#include <memory>

namespace tailops::mcp {

/// Answers one request of the stateless era. The handler runs within the caller's cancellation: a
/// client that hangs up cancels its call.
Task<void> serve_modern(std::shared_ptr<Protocol> protocol,
                        Inbound inbound,
                        ModernRequest request,
                        http::Exchange& exchange);

}  // namespace tailops::mcp
