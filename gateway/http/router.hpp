#pragma once

#include "gateway/http/mcp_route.hpp"
#include "gateway/http/server.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tailops::http {

/// One endpoint. Its handler sees only the methods of its row; HEAD comes with GET.
struct Route {
    std::string path;
    std::vector<std::string> methods;
    Handler handler;
};

struct RouterSettings {
    McpRouteSettings mcp;
    /// Why the daemon cannot do its work now, fit for anyone; empty: it can. From any strand.
    std::function<std::vector<std::string>()> not_ready;
    /// What /metrics shows, in the Prometheus text format; null: there is no such path. From any
    /// strand.
    std::function<std::string()> metrics;
    /// auth::protected_resource_metadata(); nothing without an authorization server.
    std::optional<std::string> resource_metadata;
};

/// Answers by exact path: an unknown one 404, an unknown method 405 with Allow. Safe from any
/// strand.
Handler make_router(std::vector<Route> routes);

/// Every endpoint of the daemon: /mcp, /healthz, /readyz, /metrics and the protected resource
/// metadata.
std::vector<Route> gateway_routes(RouterSettings settings);

}  // namespace tailops::http
