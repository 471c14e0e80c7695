#include "gateway/doors/mcp/mcp_route.hpp"

#include "tests/unit/gateway/doors/router_rig.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

TEST(McpRoute, HandsTheRequestOnWithAPrincipalAndWithoutTheToken)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    auto what = request("POST", "/mcp", {{"AUTHORIZATION", "Bearer good"}, {"Mcp-Method", "ping"}});
    FakeBody body{"{}"};
    what.body = &body;
    EXPECT_EQ(ask(handler, exchange, std::move(what)).got.body, "served");
    EXPECT_EQ(gateway.served.method, "POST");
    EXPECT_EQ(gateway.served.body, "{}");
    EXPECT_EQ(gateway.served.principal.identity.subject.str(), "alice");
    EXPECT_EQ(gateway.served.principal.roles.count("operator"), 1U);
    EXPECT_EQ(gateway.served.id.str().size(), 16U);
    EXPECT_EQ(gateway.served.headers, (Headers{{"Mcp-Method", "ping"}}));
    EXPECT_EQ(exchange.header("Access-Control-Allow-Origin"), "");
}

TEST(McpRoute, ReadsTheBodyOfWhomItKnowsOnly)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    for (const auto& [token, reads] : {std::pair{"Bearer good", 1},
                                       {"Bearer bad", 0},
                                       {"Bearer down", 0},
                                       {"Bearer two words", 0},
                                       {"", 0}}) {
        SCOPED_TRACE(token);
        FakeExchange exchange;
        Headers headers;
        if (*token) headers.emplace_back("Authorization", token);
        auto what = request("POST", "/mcp", std::move(headers));
        FakeBody body{"{}"};
        what.body = &body;
        ask(handler, exchange, std::move(what));
        EXPECT_EQ(body.asked, reads);
    }
}

TEST(McpRoute, LeavesTheAnswerToABodyThatCannotBeHadToTheConnection)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    auto what = request("POST", "/mcp", {{"Authorization", "Bearer good"}});
    FakeBody body{std::nullopt};
    what.body = &body;
    EXPECT_EQ(ask(handler, exchange, std::move(what)).got.body, "");
    EXPECT_EQ(gateway.served.method, "") << "it was not handed on";
}

TEST(McpRoute, AnswersEachFailureOfAuthenticationItsOwnWay)
{
    struct Row {
        std::string name;
        Headers headers;
        std::string query;
        int status;
        std::string error;
        bool has_challenge;
        std::string retry_after;
    };
    for (const auto& row : {
             Row{"no_token", {}, "", 401, "unauthorized", true, ""},
             Row{"other_scheme",
                 {{"Authorization", "Basic eA=="}},
                 "",
                 401,
                 "unauthorized",
                 true,
                 ""},
             Row{"refused", {{"Authorization", "Bearer bad"}}, "", 401, "invalid_token", true, ""},
             Row{"server_away",
                 {{"Authorization", "Bearer down"}},
                 "",
                 503,
                 "temporarily_unavailable",
                 false,
                 "5"},
             Row{"server_late",
                 {{"Authorization", "Bearer late"}},
                 "",
                 503,
                 "temporarily_unavailable",
                 false,
                 "5"},
             Row{"our_bug", {{"Authorization", "Bearer bug"}}, "", 500, "server_error", false, ""},
             Row{"in_query", {}, "access_token=good", 400, "invalid_request", true, ""},
             Row{"in_both",
                 {{"Authorization", "Bearer good"}},
                 "a=b&access_token=good",
                 400,
                 "invalid_request",
                 true,
                 ""},
             Row{"twice",
                 {{"Authorization", "Bearer good"}, {"Authorization", "Bearer good"}},
                 "",
                 400,
                 "invalid_request",
                 true,
                 ""},
             Row{"two_tokens",
                 {{"Authorization", "Bearer a b"}},
                 "",
                 400,
                 "invalid_request",
                 true,
                 ""},
         }) {
        Gateway gateway;
        const auto handler = doors::make_gateway_handler(gateway.settings);
        FakeExchange exchange;
        auto what = request("POST", "/mcp", row.headers);
        what.query = row.query;
        ask(handler, exchange, std::move(what));
        EXPECT_EQ(exchange.got.status, row.status) << row.name;
        EXPECT_NE(exchange.got.body.find("\"error\":\"" + row.error + '"'), std::string::npos)
            << row.name << ": " << exchange.got.body;
        EXPECT_EQ(exchange.got.body.find("secret"), std::string::npos) << row.name;
        EXPECT_EQ(exchange.header("WWW-Authenticate").starts_with("Bearer "), row.has_challenge)
            << row.name;
        EXPECT_EQ(exchange.header("Retry-After"), row.retry_after) << row.name;
        EXPECT_TRUE(gateway.served.method.empty()) << row.name;
    }
}

TEST(McpRoute, LetsAnonymousCallersInWhereThatIsConfigured)
{
    Gateway gateway;
    gateway.settings.mcp.anonymous = mcp::Anonymous::allowed;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange exchange;
    EXPECT_EQ(ask(handler, exchange, request("POST", "/mcp")).got.status, 200);
    EXPECT_EQ(gateway.served.principal.identity.subject.str(), "anonymous");
}

TEST(McpRoute, SlowsDownAnAddressWhoseTokensAreRefused)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 3;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    const Headers bad{{"Authorization", "Bearer bad"}};
    FakeExchange exchange;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask(handler, exchange, request("POST", "/mcp", bad)).got.status, 401);
    }
    ask(handler, exchange, request("POST", "/mcp", bad));
    EXPECT_EQ(exchange.got.status, 429);
    EXPECT_FALSE(exchange.header("Retry-After").empty());
    EXPECT_EQ(gateway.authenticator->asked, 3);
    auto elsewhere = request("POST", "/mcp", {{"Authorization", "Bearer good"}});
    elsewhere.peer = "127.0.0.2";
    EXPECT_EQ(ask(handler, exchange, std::move(elsewhere)).got.status, 200);
}

/// Asks with the token `bearer`, as the client `forwarded_for` behind a proxy on 127.0.0.1.
int status_for(const Handler& handler, const std::string& bearer, std::string forwarded_for = "")
{
    FakeExchange exchange;
    Headers headers{{"Authorization", "Bearer " + bearer}};
    if (!forwarded_for.empty()) headers.emplace_back("X-Forwarded-For", std::move(forwarded_for));
    return ask(handler, exchange, request("POST", "/mcp", std::move(headers))).got.status;
}

TEST(McpRoute, ServesAKnownTokenWhateverOthersOfItsAddressDo)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 2;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    EXPECT_EQ(status_for(handler, "good"), 200);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(status_for(handler, "bad"), 401);
    EXPECT_EQ(status_for(handler, "bad"), 429);
    EXPECT_EQ(status_for(handler, "good"), 200);
    EXPECT_EQ(status_for(handler, "god"), 429) << "a stranger waits, and nobody is asked";
    EXPECT_EQ(status(handler, "POST", "/mcp"), 401) << "who has no token yet learns how to get one";

    // A token that was good is judged, not believed; once refused it is as good as any guess.
    gateway.authenticator->is_revoked = true;
    EXPECT_EQ(status_for(handler, "good"), 401);
    EXPECT_EQ(status_for(handler, "good"), 429);
}

TEST(McpRoute, CountsClientsOfATrustedProxyApart)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 2;
    gateway.settings.mcp.trusted_proxies.ranges = {*net::AddressRange::parse("127.0.0.1")};
    const auto handler = doors::make_gateway_handler(gateway.settings);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 429);
    EXPECT_EQ(status_for(handler, "bad", "192.0.2.1, 100.64.0.7"), 429) << "its own word";
    EXPECT_EQ(status_for(handler, "good", "100.64.0.8"), 200);
}

TEST(McpRoute, BelievesNoForwardedAddressOfAPeerThatIsNotTrusted)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 2;
    gateway.settings.mcp.trusted_proxies.ranges = {*net::AddressRange::parse("127.0.0.2")};
    const auto handler = doors::make_gateway_handler(gateway.settings);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.8"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.9"), 429);
}

TEST(McpRoute, DoesNotCountMissingTokensAsGuesses)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 1;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status(handler, "POST", "/mcp"), 401);
}

TEST(McpRoute, AnswersAPreflightAndLetsThePageReadTheAnswers)
{
    Gateway gateway;
    const auto handler = doors::make_gateway_handler(gateway.settings);
    FakeExchange preflight;
    ask(handler, preflight,
        request("OPTIONS", "/mcp",
                {{"Origin", "http://localhost:5173"},
                 {"Access-Control-Request-Headers", "content-type, Mcp-Param-Region, x-evil"}}));
    EXPECT_EQ(preflight.got.status, 204);
    EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "http://localhost:5173");
    const auto allowed = preflight.header("Access-Control-Allow-Headers");
    EXPECT_NE(allowed.find("mcp-protocol-version"), std::string::npos);
    EXPECT_NE(allowed.find("mcp-param-region"), std::string::npos);
    EXPECT_EQ(allowed.find("x-evil"), std::string::npos);

    FakeExchange refused;
    ask(handler, refused, request("POST", "/mcp", {{"Origin", "http://localhost:5173"}}));
    EXPECT_EQ(refused.got.status, 401);
    EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "http://localhost:5173");
    EXPECT_NE(refused.header("Access-Control-Expose-Headers").find("www-authenticate"),
              std::string::npos);
}

}  // namespace
}  // namespace tailops::http
