#include "gateway/doors/mcp/refusal_shape.hpp"
#include "gateway/doors/routes.hpp"
#include "tests/unit/gateway/doors/router_rig.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

TEST(Router, ShowsMetricsOnlyWhereThereAreSome)
{
    Gateway gateway;
    FakeExchange exchange;
    ask(doors::make_gateway_handler(gateway.settings), exchange, request("GET", "/metrics"));
    EXPECT_EQ(exchange.got.body, "requests 3\n");
    gateway.settings.metrics = nullptr;
    EXPECT_EQ(status(doors::make_gateway_handler(gateway.settings), "GET", "/metrics"), 404);
}

TEST(Router, KnowsItsPathsAndTheirMethods)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    struct Row {
        std::string method;
        std::string path;
        int status;
        std::string allow;
    };
    for (const auto& row : {
             Row{"GET", "/healthz", 200, ""},
             Row{"HEAD", "/healthz", 200, ""},
             Row{"POST", "/healthz", 405, "GET"},
             Row{"GET", "/readyz", 200, ""},
             Row{"GET", "/metrics", 200, ""},
             Row{"POST", "/metrics", 405, "GET"},
             Row{"GET", "/.well-known/oauth-protected-resource", 200, ""},
             Row{"GET", "/.well-known/oauth-protected-resource/mcp", 200, ""},
             Row{"OPTIONS", "/.well-known/oauth-protected-resource/mcp", 204, "GET, OPTIONS"},
             Row{"DELETE", "/.well-known/oauth-protected-resource", 405, "GET, OPTIONS"},
             Row{"PUT", "/mcp", 405, "GET, POST, DELETE, OPTIONS"},
             Row{"get", "/mcp", 405, "GET, POST, DELETE, OPTIONS"},
             Row{"POST", "/mcp", 401, ""},
             Row{"GET", "/mcp", 401, ""},
             Row{"DELETE", "/mcp", 401, ""},
             Row{"OPTIONS", "/mcp", 204, "GET, POST, DELETE, OPTIONS"},
             Row{"GET", "/", 404, ""},
             Row{"POST", "/mcp/", 401, ""},
             Row{"PUT", "/mcp/", 405, "GET, POST, DELETE, OPTIONS"},
             Row{"GET", "/mcp//", 404, ""},
             Row{"GET", "/healthz/", 404, ""},
             Row{"GET", "/MCP", 404, ""},
             Row{"GET", "/healthz/..", 404, ""},
             Row{"OPTIONS", "*", 204, ""},
         }) {
        FakeExchange exchange;
        ask(handler, exchange, request(row.method, row.path));
        EXPECT_EQ(exchange.got.status, row.status) << row.method << ' ' << row.path;
        EXPECT_EQ(exchange.header("Allow"), row.allow) << row.method << ' ' << row.path;
    }
}

TEST(Router, AnswersAnUnknownPathWithoutJsonRpc)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    EXPECT_EQ(ask(handler, exchange, request("POST", "/mcp/other")).got.body,
              R"({"error":"there is nothing at this path"})");
}

TEST(Router, SaysWhyItIsNotReady)
{
    Gateway gateway;
    gateway.reasons = {"the audit trail cannot be written"};
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    ask(handler, exchange, request("GET", "/readyz"));
    EXPECT_EQ(exchange.got.status, 503);
    EXPECT_EQ(exchange.got.body,
              R"({"reasons":["the audit trail cannot be written"],"status":"not ready"})");
    EXPECT_EQ(exchange.header("Retry-After"), "5");
}

TEST(Router, HasNoMetadataWithoutAnAuthorizationServer)
{
    Gateway gateway;
    gateway.settings.resource_metadata.reset();
    EXPECT_EQ(status(doors::make_gateway_handler(gateway.settings), "GET",
                     "/.well-known/oauth-protected-resource"),
              404);
}

TEST(Router, LetsEveryPageReadTheMetadata)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    ask(handler, exchange, request("GET", "/.well-known/oauth-protected-resource/mcp"));
    EXPECT_EQ(exchange.got.body, R"({"resource":"http://gw/mcp"})");
    EXPECT_EQ(exchange.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(exchange.header("Content-Type"), "application/json");
}

TEST(Routes, RefuseInTheShapeOfThePath)
{
    EXPECT_EQ(mcp::refusal_shape(403, "no", "/mcp").body,
              R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}})");
    EXPECT_EQ(mcp::refusal_shape(503, "no", "/mcp/").body,
              R"({"jsonrpc":"2.0","error":{"code":-32603,"message":"no"}})");
    EXPECT_EQ(mcp::refusal_shape(403, "no", "/mcpx").body, R"({"error":"no"})");
    EXPECT_EQ(mcp::refusal_shape(400, "no", "").body, R"({"error":"no"})");
}

}  // namespace
}  // namespace tailops::http
