#include "gateway/doors/routes.hpp"

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/refusal_shape.hpp"

#include <nlohmann/json.hpp>

namespace tailops::doors {
namespace {

Task<void> send(http::Exchange& exchange, http::Reply reply)
{
    co_await exchange.reply(std::move(reply));
}

Task<void> send_json(http::Exchange& exchange, int status, std::string body, http::Headers extra)
{
    extra.emplace_back("Content-Type", "application/json");
    return send(exchange, {status, std::move(extra), std::move(body)});
}

http::Route health_route()
{
    return {"/healthz", {"GET"}, [](const http::Request&, http::Exchange& exchange) {
                return send_json(exchange, 200, R"({"status":"ok"})",
                                 {{"Cache-Control", "no-store"}});
            }};
}

http::Route readiness_route(std::function<std::vector<std::string>()> not_ready)
{
    auto answer = [not_ready = std::move(not_ready)](const http::Request&,
                                                     http::Exchange& exchange) {
        const auto reasons = not_ready ? not_ready() : std::vector<std::string>{};
        http::Headers headers{{"Cache-Control", "no-store"}};
        if (reasons.empty()) {
            return send_json(exchange, 200, R"({"status":"ready"})", std::move(headers));
        }
        headers.emplace_back("Retry-After", "5");
        const nlohmann::json body{{"status", "not ready"}, {"reasons", reasons}};
        return send_json(exchange, 503, dump_json(body), std::move(headers));
    };
    return {"/readyz", {"GET"}, std::move(answer)};
}

http::Route metrics_route(std::function<std::string()> metrics)
{
    auto answer = [metrics = std::move(metrics)](const http::Request&, http::Exchange& exchange) {
        return send(exchange, {.status = 200,
                               .headers = {{"Content-Type", "text/plain; version=0.0.4"},
                                           {"Cache-Control", "no-store"}},
                               .body = metrics()});
    };
    return {"/metrics", {"GET"}, std::move(answer)};
}

/// Public to every page: a browser client reads it before it has any right (RFC 9728 section 3).
http::Route metadata_route(std::string path, const std::string& metadata)
{
    auto answer = [metadata](const http::Request& request, http::Exchange& exchange) {
        http::Headers headers{{"Access-Control-Allow-Origin", "*"}};
        if (request.method == "OPTIONS") {
            headers.emplace_back("Allow", "GET, OPTIONS");
            headers.emplace_back("Access-Control-Allow-Methods", "GET, OPTIONS");
            headers.emplace_back("Access-Control-Allow-http::Headers", "mcp-protocol-version");
            return send_json(exchange, 204, "", std::move(headers));
        }
        headers.emplace_back("Cache-Control", "public, max-age=300");
        return send_json(exchange, 200, metadata, std::move(headers));
    };
    return {std::move(path), {"GET", "OPTIONS"}, std::move(answer)};
}

}  // namespace

std::vector<http::Route> gateway_routes(RouterSettings settings)
{
    std::vector<http::Route> routes;
    const auto serve_mcp = mcp::make_mcp_handler(std::move(settings.mcp));
    // With a slash as well: clients and proxies put one behind the address that people give them.
    for (const char* path : {"/mcp", "/mcp/"}) {
        routes.push_back({path, {"GET", "POST", "DELETE", "OPTIONS"}, serve_mcp});
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

http::Handler make_gateway_handler(RouterSettings settings)
{
    return http::make_router(gateway_routes(std::move(settings)), mcp::refusal_shape);
}

}  // namespace tailops::doors
