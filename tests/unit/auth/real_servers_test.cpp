// The introspector over loopback against the authorization servers of tests/support/authserver.
#include "auth/introspection.hpp"
#include "gateway/core/digest.hpp"
#include "tests/support/authserver/auth_server.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AuthServer;

constexpr auto resource = "http://127.0.0.1:8080/mcp";

IntrospectionSettings settings_for(const AuthServer& server, std::string id, std::string secret)
{
    IntrospectionSettings settings;
    settings.issuer = server.text("issuer");
    settings.client_id = std::move(id);
    settings.client_secret = Secret{std::move(secret)};
    settings.audience = {resource};
    return settings;
}

std::shared_ptr<Introspector> make(Runtime& runtime, IntrospectionSettings settings)
{
    auto made = Introspector::create(std::move(settings), connect_with({}),
                                     runtime.io.get_executor(), std::make_shared<Clock>());
    if (!made) throw std::runtime_error{made.error().describe()};
    return *made;
}

/// Parameters are views: GCC 12 destroys converted arguments of an awaited call twice. `who` must
/// outlive the task.
template <class T>
Task<Result<Identity>> check(const std::shared_ptr<T>& who, std::string_view token)
{
    return who->authenticate(Secret{std::string{token}}, after(20s));
}

std::string refusal(const Result<Identity>& identity)
{
    return identity ? "accepted" : identity.error().describe();
}

/// POSTs to the server and reads its JSON.
Task<json> post(std::string url, std::string type, std::string authorization, std::string body)
{
    const auto where = net::parse_url(url);
    const auto client = net::HttpClient::create(endpoint_of(*where));
    net::HttpRequest request;
    request.method = "POST";
    request.target = where->path;
    request.headers.emplace_back("Content-Type", std::move(type));
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    request.body = std::move(body);
    const auto response = co_await (*client)->send(std::move(request), after(20s));
    if (!response) throw std::runtime_error{response.error().describe()};
    co_return json::parse(response->body.empty() ? "{}" : response->body);
}

std::string basic(const std::string& id, const std::string& secret)
{
    return "Basic " + to_base64(net::percent_encoded(id) + ":" + net::percent_encoded(secret));
}

// Lists stand in functions of their own: GCC 12 cannot keep their arrays in a coroutine's frame.
std::string form_of(const char* name, const std::string& value)
{
    return net::form_encoded({{name, value}});
}

json wish(const char* name, const json& value)
{
    return {{name, value}};
}

/// The agent's access token for `audience` from the oidc-provider.
Task<std::string> oidc_token(const AuthServer& server, std::string audience, std::string scope)
{
    net::HeaderList form;
    form.emplace_back("grant_type", "client_credentials");
    form.emplace_back("scope", std::move(scope));
    if (!audience.empty()) form.emplace_back("resource", std::move(audience));
    const auto answer =
        co_await post(server.text("token_endpoint"), "application/x-www-form-urlencoded",
                      basic("agent", server.info().at("clients").at("agent").get<std::string>()),
                      net::form_encoded(form));
    co_return answer.at("access_token").get<std::string>();
}

Task<std::string> tsidp_token(const AuthServer& server, json wish)
{
    const auto answer =
        co_await post(server.text("mint_endpoint"), "application/json", "", wish.dump());
    co_return answer.at("access_token").get<std::string>();
}

Task<json> tsidp_post(const AuthServer& server, std::string path, json body)
{
    return post(server.text("issuer") + path, "application/json", "", body.dump());
}

class OidcProvider : public ::testing::Test {
protected:
    AuthServer server{"oidc.mjs",
                      {{"resource", resource}, {"scopes", {"system:read", "container:read"}}}};
    std::string secret_of(const char* client) const
    {
        return server.info().at("clients").at(client).get<std::string>();
    }
};

TEST_F(OidcProvider, VouchesForATokenOfOursByBasicAndByForm)
{
    const std::vector ways{ClientAuthentication::basic, ClientAuthentication::form};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto token = co_await oidc_token(server, resource, "system:read");
        for (const auto how : ways) {
            const auto* client = how == ClientAuthentication::form ? "gateway-form" : "gateway";
            auto settings = settings_for(server, client, secret_of(client));
            settings.client_authentication = how;
            const auto introspector = make(runtime, std::move(settings));
            const auto identity = co_await check(introspector, token);
            EXPECT_TRUE(identity) << refusal(identity);
            if (!identity) continue;
            EXPECT_EQ(identity->issuer, server.text("issuer"));
            EXPECT_EQ(identity->client_id, "agent");
            EXPECT_EQ(identity->subject.view(), "client:agent") << "there is no user";
            EXPECT_EQ(identity->scopes, std::set<std::string>{"system:read"})
                << "this server issues our scopes";
            EXPECT_EQ(introspector->advertised_scopes(),
                      (std::vector<std::string>{"container:read", "system:read"}));
        }
    });
}

TEST_F(OidcProvider, DoesNotVouchForTokensOfOthers)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector =
            make(runtime, settings_for(server, "gateway", secret_of("gateway")));
        const auto elsewhere =
            co_await oidc_token(server, "http://127.0.0.1:9090/mcp", "system:read");
        const auto nowhere = co_await oidc_token(server, "", "system:read");
        EXPECT_EQ(refusal(co_await check(introspector, elsewhere)),
                  "unauthenticated: the token was not issued for this gateway");
        EXPECT_EQ(refusal(co_await check(introspector, nowhere)),
                  "unauthenticated: the token was not issued for this gateway");
        EXPECT_EQ(refusal(co_await check(introspector, "made-up")),
                  "unauthenticated: the token is not active");
    });
}

TEST_F(OidcProvider, RevokesAToken)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto token = co_await oidc_token(server, resource, "system:read");
        auto settings = settings_for(server, "gateway", secret_of("gateway"));
        settings.accepted_for = 0s;  // ask every time
        const auto introspector = make(runtime, std::move(settings));
        EXPECT_EQ(refusal(co_await check(introspector, token)), "accepted");
        co_await post(server.text("revocation_endpoint"), "application/x-www-form-urlencoded",
                      basic("agent", secret_of("agent")), form_of("token", token));
        EXPECT_EQ(refusal(co_await check(introspector, token)),
                  "unauthenticated: the token is not active");
    });
}

TEST_F(OidcProvider, IsUnreachableWithWrongClientCredentials)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto token = co_await oidc_token(server, resource, "system:read");
        const auto introspector = make(runtime, settings_for(server, "gateway", "wrong"));
        const auto identity = co_await check(introspector, token);
        EXPECT_TRUE(!identity && identity.error().code() == Errc::unreachable);
        EXPECT_NE(refusal(identity).find("client credentials"), std::string::npos);
    });
}

TEST_F(OidcProvider, IsUnreachableWhenItIsGone)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector =
            make(runtime, settings_for(server, "gateway", secret_of("gateway")));
        const auto first = co_await oidc_token(server, resource, "system:read");
        const auto second = co_await oidc_token(server, resource, "system:read");
        EXPECT_EQ(refusal(co_await check(introspector, first)), "accepted");
        server.stop();
        EXPECT_EQ(refusal(co_await check(introspector, first)), "accepted") << "remembered";
        const auto unknown = co_await check(introspector, second);
        EXPECT_TRUE(!unknown && unknown.error().code() == Errc::unreachable);
    });
}

class Tsidp : public ::testing::Test {
protected:
    AuthServer server{"fake-tsidp.mjs", {{"resources", {resource}}}};
    IntrospectionSettings settings() const
    {
        return settings_for(server, "gateway", "gateway-secret");
    }
};

TEST_F(Tsidp, NamesTheTailnetUser)
{
    const json bobs{{"user", "bob@example.com"}, {"act", {{"sub", "userid:1001"}}}};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = make(runtime, settings());
        const auto token = co_await tsidp_token(server, bobs);
        EXPECT_EQ(token.size(), 32U);
        const auto identity = co_await check(introspector, token);
        EXPECT_TRUE(identity) << refusal(identity);
        if (!identity) co_return;
        EXPECT_EQ(identity->subject.view(), "1002");
        EXPECT_EQ(identity->name, "bob@example.com");
        EXPECT_EQ(identity->client_id, "assistant");
        EXPECT_EQ(identity->actors, std::vector<std::string>{"1001"});
        EXPECT_FALSE(identity->scopes) << "rights come from the policy";
        EXPECT_TRUE(introspector->advertised_scopes().empty());
    });
}

TEST_F(Tsidp, IssuesNoAudienceWithoutTheClientAskingForIt)
{
    const auto root_only = wish("resources", json::array({"http://127.0.0.1:8080"}));
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = make(runtime, settings());
        const auto without = co_await tsidp_token(server, wish("resources", json::array()));
        EXPECT_EQ(refusal(co_await check(introspector, without)),
                  "unauthenticated: the token was not issued for this gateway");
        const auto other = co_await tsidp_token(server, root_only);
        EXPECT_EQ(refusal(co_await check(introspector, other)),
                  "unauthenticated: the token was not issued for this gateway");
    });
}

TEST_F(Tsidp, AnswersAnyMachineOfTheTailnetWhateverItsCredentials)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto token = co_await tsidp_token(server, json::object());
        const auto wrong = make(runtime, settings_for(server, "gateway", "wrong"));
        EXPECT_EQ(refusal(co_await check(wrong, token)), "accepted");
        auto nobody = settings();
        nobody.client_authentication = ClientAuthentication::none;
        const auto without = make(runtime, std::move(nobody));
        EXPECT_EQ(refusal(co_await check(without, token)), "accepted");
    });
}

TEST_F(Tsidp, CallsEveryTokenInactiveForAStrangerWithAWrongSecret)
{
    // From beyond the tailnet, over Funnel, the credentials count.
    AuthServer funnel{"fake-tsidp.mjs", {{"resources", {resource}}, {"caller", "stranger"}}};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto token = co_await tsidp_token(funnel, json::object());
        const auto wrong = make(runtime, settings_for(funnel, "gateway", "wrong"));
        EXPECT_EQ(refusal(co_await check(wrong, token)),
                  "unauthenticated: the token is not active");
        auto form = settings_for(funnel, "gateway", "gateway-secret");
        form.client_authentication = ClientAuthentication::form;
        const auto by_form = make(runtime, std::move(form));
        EXPECT_EQ(refusal(co_await check(by_form, token)), "accepted");
    });
}

TEST_F(Tsidp, ForgetsATokenThatEnded)
{
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = make(runtime, settings());
        const auto ended = co_await tsidp_token(server, wish("ttl", 0));
        EXPECT_EQ(refusal(co_await check(introspector, ended)),
                  "unauthenticated: the token is not active");
    });
}

TEST_F(Tsidp, IsUnreachableWhileItFailsAndTrustedAgainAfterwards)
{
    const std::vector<json> faults{{{"status", 500}}, {{"body", "<html>"}}, {{"delay_ms", 20'000}}};
    testing::run([&](Runtime& runtime) -> Task<void> {
        auto slow = settings();
        slow.timeout = 1s;
        const auto introspector = make(runtime, std::move(slow));
        const auto token = co_await tsidp_token(server, json::object());
        for (const auto& behaviour : faults) {
            co_await tsidp_post(server, "/behave", behaviour);
            const auto identity = co_await check(introspector, token);
            EXPECT_TRUE(!identity && identity.error().code() == Errc::unreachable) << behaviour;
        }
        co_await tsidp_post(server, "/behave", json::object());
        EXPECT_EQ(refusal(co_await check(introspector, token)), "accepted");
    });
}

}  // namespace
}  // namespace tailops::auth
