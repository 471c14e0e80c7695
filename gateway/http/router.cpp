#include "gateway/http/router.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/http/answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::http {
namespace {

Task<void> send(mcp::Exchange& exchange, mcp::Reply reply)
{
    co_await exchange.reply(std::move(reply));
}

class Router {
public:
    explicit Router(std::vector<Route> routes) : routes_{std::move(routes)} {}

    Task<void> dispatch(Request request, mcp::Exchange& exchange) const
    {
        const auto found = std::ranges::find(routes_, request.path, &Route::path);
        if (found == routes_.end()) return refuse(request, exchange);
        const auto& method = request.method == "HEAD" ? get : request.method;
        if (std::ranges::find(found->methods, method) == found->methods.end()) {
            return refuse_method(*found, exchange);
        }
        return found->handler(std::move(request), exchange);
    }

private:
    inline static const std::string get = "GET";

    static Task<void> refuse(const Request& request, mcp::Exchange& exchange)
    {
        if (request.path == "*") return send(exchange, {.status = 204, .headers = {}, .body = {}});
        // Not JSON-RPC, whatever the path: no MCP endpoint is here (mcp.md section 2).
        return send(exchange, refusal_reply(404, "there is nothing at this path", ""));
    }

    static Task<void> refuse_method(const Route& route, mcp::Exchange& exchange)
    {
        auto reply = refusal_reply(405, "this path does not take this method", route.path);
        reply.headers.emplace_back("Allow", join(route.methods, ", "));
        return send(exchange, std::move(reply));
    }

    const std::vector<Route> routes_;
};

Task<void> send_json(mcp::Exchange& exchange, int status, std::string body, mcp::Headers extra)
{
    extra.emplace_back("Content-Type", "application/json");
    return send(exchange, {status, std::move(extra), std::move(body)});
}

Route health_route()
{
    return {"/healthz", {"GET"}, [](const Request&, mcp::Exchange& exchange) {
                return send_json(exchange, 200, R"({"status":"ok"})",
                                 {{"Cache-Control", "no-store"}});
            }};
}

Route readiness_route(std::function<std::vector<std::string>()> not_ready)
{
    auto answer = [not_ready = std::move(not_ready)](const Request&, mcp::Exchange& exchange) {
        const auto reasons = not_ready ? not_ready() : std::vector<std::string>{};
        mcp::Headers headers{{"Cache-Control", "no-store"}};
        if (reasons.empty()) {
            return send_json(exchange, 200, R"({"status":"ready"})", std::move(headers));
        }
        headers.emplace_back("Retry-After", "5");
        const nlohmann::json body{{"status", "not ready"}, {"reasons", reasons}};
        return send_json(exchange, 503, dump_json(body), std::move(headers));
    };
    return {"/readyz", {"GET"}, std::move(answer)};
}

Route metrics_route(std::function<std::string()> metrics)
{
    auto answer = [metrics = std::move(metrics)](const Request&, mcp::Exchange& exchange) {
        return send(exchange, {.status = 200,
                               .headers = {{"Content-Type", "text/plain; version=0.0.4"},
                                           {"Cache-Control", "no-store"}},
                               .body = metrics()});
    };
    return {"/metrics", {"GET"}, std::move(answer)};
}

/// Public to every page: a browser client reads it before it has any right (RFC 9728 section 3).
Route metadata_route(std::string path, const std::string& metadata)
{
    auto answer = [metadata](const Request& request, mcp::Exchange& exchange) {
        mcp::Headers headers{{"Access-Control-Allow-Origin", "*"}};
        if (request.method == "OPTIONS") {
            headers.emplace_back("Allow", "GET, OPTIONS");
            headers.emplace_back("Access-Control-Allow-Methods", "GET, OPTIONS");
            headers.emplace_back("Access-Control-Allow-Headers", "mcp-protocol-version");
            return send_json(exchange, 204, "", std::move(headers));
        }
        headers.emplace_back("Cache-Control", "public, max-age=300");
        return send_json(exchange, 200, metadata, std::move(headers));
    };
    return {std::move(path), {"GET", "OPTIONS"}, std::move(answer)};
}

}  // namespace

Handler make_router(std::vector<Route> routes)
{
    auto router = std::make_shared<const Router>(std::move(routes));
    return [router](Request request, mcp::Exchange& exchange) {
        return router->dispatch(std::move(request), exchange);
    };
}

std::vector<Route> gateway_routes(RouterSettings settings)
{
    std::vector<Route> routes;
    const auto mcp = make_mcp_handler(std::move(settings.mcp));
    // With a slash as well: clients and proxies put one behind the address that people give them.
    for (const char* path : {"/mcp", "/mcp/"}) {
        routes.push_back({path, {"GET", "POST", "DELETE", "OPTIONS"}, mcp});
    }
    routes.push_back(health_route());
    routes.push_back(readiness_route(std::move(settings.not_ready)));
    if (settings.metrics) routes.push_back(metrics_route(std::move(settings.metrics)));
    if (settings.resource_metadata) {
        constexpr std::string_view well_known = "/.well-known/oauth-protected-resource";
        for (const std::string_view resource : {"", "/mcp"}) {
            routes.push_back(metadata_route(std::string{well_known}.append(resource),
                                            *settings.resource_metadata));
        }
    }
    return routes;
}

}  // namespace tailops::http
