#pragma once

#include "gateway/doors/mcp/mcp_route.hpp"
#include "gateway/http/router.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tailops::doors {

struct RouterSettings {
    mcp::McpRouteSettings mcp;
    /// Why the daemon cannot do its work now, fit for anyone; empty: it can. From any strand.
    std::function<std::vector<std::string>()> not_ready;
    /// What /metrics shows, in the Prometheus text format; null: there is no such path. From any
    /// strand.
    std::function<std::string()> metrics;
    /// auth::protected_resource_metadata(); nothing without an authorization server.
    std::optional<std::string> resource_metadata;
};

/// Every endpoint of the daemon: /mcp, /healthz, /readyz, /metrics and the protected resource
/// metadata.
std::vector<http::Route> gateway_routes(RouterSettings settings);

/// The handler of a server with these routes, and no other.
http::Handler make_gateway_handler(RouterSettings settings);

}  // namespace tailops::doors
