#include "gateway/http/router.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {

/// Keeps the answer.
class FakeExchange final : public mcp::Exchange {
public:
    Task<Status> reply(mcp::Reply reply) override
    {
        got = std::move(reply);
        co_return Status{};
    }
    Task<Status> begin_events(mcp::Headers extra) override
    {
        got.headers = std::move(extra);
        co_return Status{};
    }
    Task<Status> event(std::string_view, std::string_view) override { co_return Status{}; }
    Task<Status> prime(std::string_view, std::chrono::milliseconds) override { co_return Status{}; }
    Task<Status> keep_alive() override { co_return Status{}; }

    std::string header(std::string_view name) const
    {
        for (const auto& [key, value] : got.headers) {
            if (key == name) return value;
        }
        return "";
    }

    mcp::Reply got;
};

/// Knows one token, "good"; "down" stands for an authorization server that is away.
class FakeAuthenticator final : public auth::Authenticator {
public:
    Task<Result<auth::Identity>> authenticate(Secret token, Deadline) override
    {
        ++asked;
        auto answer = answer_to(token.reveal());
        co_return answer;
    }
    int asked{0};
    bool is_revoked{false};

private:
    Result<auth::Identity> answer_to(std::string_view token) const
    {
        if (token == "down") return fail(Errc::unreachable, "the authorization server is away");
        if (token == "late") return fail(Errc::deadline_exceeded, "no answer in time");
        if (token == "bug") return fail(Error{Errc::internal, "oops"}.with_detail("secret detail"));
        const bool is_good = token == "good" && !is_revoked;
        if (!is_good && !token.empty()) return fail(Errc::unauthenticated, "token expired");
        auth::Identity identity;
        identity.expires = TimePoint::max();
        identity.subject = SubjectId{token.empty() ? "anonymous" : "alice"};
        return identity;
    }
};

struct Gateway {
    std::shared_ptr<FakeAuthenticator> authenticator{std::make_shared<FakeAuthenticator>()};
    std::vector<std::string> reasons;
    mcp::Inbound served;
    RouterSettings settings;

    Gateway()
    {
        settings.mcp.authenticator = authenticator;
        settings.mcp.challenge.resource_metadata_url = "http://gw/.well-known/x";
        settings.mcp.admit = [](auth::Identity identity) {
            auth::Principal principal;
            principal.identity = std::move(identity);
            principal.roles = {"operator"};
            return principal;
        };
        settings.mcp.serve = [this](mcp::Inbound inbound, mcp::Exchange& exchange) {
            served = std::move(inbound);
            return answer_ok(exchange);
        };
        settings.not_ready = [this] { return reasons; };
        settings.metrics = [] { return std::string{"requests 3\n"}; };
        settings.resource_metadata = R"({"resource":"http://gw/mcp"})";
    }

    static Task<void> answer_ok(mcp::Exchange& exchange)
    {
        mcp::Reply reply;
        reply.body = "served";
        co_await exchange.reply(std::move(reply));
    }
};

Request request(std::string method, std::string path, mcp::Headers headers = {})
{
    Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.headers = std::move(headers);
    made.peer = "127.0.0.1";
    return made;
}

FakeExchange& ask(const Handler& handler, FakeExchange& exchange, Request what)
{
    tailops::testing::run([&](Runtime&) { return handler(std::move(what), exchange); }, 1);
    return exchange;
}

int status(const Handler& handler, std::string method, std::string path)
{
    FakeExchange exchange;
    return ask(handler, exchange, request(std::move(method), std::move(path))).got.status;
}

TEST(Router, ShowsMetricsOnlyWhereThereAreSome)
{
    Gateway gateway;
    FakeExchange exchange;
    ask(make_router(gateway_routes(gateway.settings)), exchange, request("GET", "/metrics"));
    EXPECT_EQ(exchange.got.body, "requests 3\n");
    gateway.settings.metrics = nullptr;
    EXPECT_EQ(status(make_router(gateway_routes(gateway.settings)), "GET", "/metrics"), 404);
}

TEST(Router, KnowsItsPathsAndTheirMethods)
{
    Gateway gateway;
    const auto handler = make_router(gateway_routes(gateway.settings));
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
             Row{"GET", "/mcp/", 404, ""},
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
    const auto handler = make_router(gateway_routes(gateway.settings));
    FakeExchange exchange;
    EXPECT_EQ(ask(handler, exchange, request("POST", "/mcp/other")).got.body,
              R"({"error":"there is nothing at this path"})");
}

TEST(Router, SaysWhyItIsNotReady)
{
    Gateway gateway;
    gateway.reasons = {"the audit trail cannot be written"};
    const auto handler = make_router(gateway_routes(gateway.settings));
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
    EXPECT_EQ(status(make_router(gateway_routes(gateway.settings)), "GET",
                     "/.well-known/oauth-protected-resource"),
              404);
}

TEST(Router, LetsEveryPageReadTheMetadata)
{
    Gateway gateway;
    const auto handler = make_router(gateway_routes(gateway.settings));
    FakeExchange exchange;
    ask(handler, exchange, request("GET", "/.well-known/oauth-protected-resource/mcp"));
    EXPECT_EQ(exchange.got.body, R"({"resource":"http://gw/mcp"})");
    EXPECT_EQ(exchange.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(exchange.header("Content-Type"), "application/json");
}

TEST(McpRoute, HandsTheRequestOnWithAPrincipalAndWithoutTheToken)
{
    Gateway gateway;
    const auto handler = make_router(gateway_routes(gateway.settings));
    FakeExchange exchange;
    auto what = request("POST", "/mcp", {{"AUTHORIZATION", "Bearer good"}, {"Mcp-Method", "ping"}});
    what.body = "{}";
    EXPECT_EQ(ask(handler, exchange, std::move(what)).got.body, "served");
    EXPECT_EQ(gateway.served.method, "POST");
    EXPECT_EQ(gateway.served.body, "{}");
    EXPECT_EQ(gateway.served.principal.identity.subject.str(), "alice");
    EXPECT_EQ(gateway.served.principal.roles.count("operator"), 1U);
    EXPECT_EQ(gateway.served.id.str().size(), 16U);
    EXPECT_EQ(gateway.served.headers, (mcp::Headers{{"Mcp-Method", "ping"}}));
    EXPECT_EQ(exchange.header("Access-Control-Allow-Origin"), "");
}

TEST(McpRoute, AnswersEachFailureOfAuthenticationItsOwnWay)
{
    struct Row {
        std::string name;
        mcp::Headers headers;
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
        const auto handler = make_router(gateway_routes(gateway.settings));
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
    gateway.settings.mcp.anonymous = Anonymous::allowed;
    const auto handler = make_router(gateway_routes(gateway.settings));
    FakeExchange exchange;
    EXPECT_EQ(ask(handler, exchange, request("POST", "/mcp")).got.status, 200);
    EXPECT_EQ(gateway.served.principal.identity.subject.str(), "anonymous");
}

TEST(McpRoute, SlowsDownAnAddressWhoseTokensAreRefused)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 3;
    const auto handler = make_router(gateway_routes(gateway.settings));
    const mcp::Headers bad{{"Authorization", "Bearer bad"}};
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
    mcp::Headers headers{{"Authorization", "Bearer " + bearer}};
    if (!forwarded_for.empty()) headers.emplace_back("X-Forwarded-For", std::move(forwarded_for));
    return ask(handler, exchange, request("POST", "/mcp", std::move(headers))).got.status;
}

TEST(McpRoute, ServesAKnownTokenWhateverOthersOfItsAddressDo)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 2;
    const auto handler = make_router(gateway_routes(gateway.settings));
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
    gateway.settings.mcp.trusted_proxies = {*net::AddressRange::parse("127.0.0.1")};
    const auto handler = make_router(gateway_routes(gateway.settings));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 429);
    EXPECT_EQ(status_for(handler, "bad", "192.0.2.1, 100.64.0.7"), 429) << "its own word";
    EXPECT_EQ(status_for(handler, "good", "100.64.0.8"), 200);
}

TEST(McpRoute, BelievesNoForwardedAddressOfAPeerThatIsNotTrusted)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 2;
    gateway.settings.mcp.trusted_proxies = {*net::AddressRange::parse("127.0.0.2")};
    const auto handler = make_router(gateway_routes(gateway.settings));
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.7"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.8"), 401);
    EXPECT_EQ(status_for(handler, "bad", "100.64.0.9"), 429);
}

TEST(McpRoute, DoesNotCountMissingTokensAsGuesses)
{
    Gateway gateway;
    gateway.settings.mcp.throttle.failures_max = 1;
    const auto handler = make_router(gateway_routes(gateway.settings));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status(handler, "POST", "/mcp"), 401);
}

TEST(McpRoute, AnswersAPreflightAndLetsThePageReadTheAnswers)
{
    Gateway gateway;
    const auto handler = make_router(gateway_routes(gateway.settings));
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
