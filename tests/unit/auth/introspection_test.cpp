#include "gateway/core/digest.hpp"
#include "tests/unit/auth/introspection_world.hpp"

#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::FakeHttpClient;
using testing::http;

TEST(Introspection, VouchesForATokenAndAsksOnlyOnce)
{
    World world;
    const auto identity = testing::run([&](Runtime& runtime) -> Task<Result<Identity>> {
        const auto introspector = world.make(runtime);
        for (int i = 0; i < 5; ++i) co_await check(introspector, "good");
        co_return co_await check(introspector, "good");
    });
    ASSERT_TRUE(identity) << identity.error().describe();
    EXPECT_EQ(identity->name, "alice@example.com");
    EXPECT_EQ(world.server->count(introspect), 1U);
    EXPECT_EQ(world.server->endpoints.back().host, "idp.example.ts.net");
    EXPECT_TRUE(world.server->endpoints.back().tls);
}

TEST(Introspection, ForgetsAnAcceptedTokenAfterAMinuteOrAtItsEnd)
{
    World world;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        co_await check(introspector, "good");
        world.clock->seconds += 59;
        co_await check(introspector, "good");
        EXPECT_EQ(world.server->count(introspect), 1U);
        world.clock->seconds += 1;
        co_await check(introspector, "good");
        EXPECT_EQ(world.server->count(introspect), 2U);

        world.good["exp"] = world.clock->seconds + 5;
        co_await check(introspector, "good-short");
        world.clock->seconds += 5;
        const auto ended = co_await check(introspector, "good-short");
        EXPECT_FALSE(ended);
        EXPECT_EQ(ended ? "" : ended.error().public_message(), "the token has expired");
    });
}

TEST(Introspection, NoticesARevocationWithinAMinute)
{
    World world;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        EXPECT_TRUE(co_await check(introspector, "good"));
        world.good = {{"active", false}};
        world.clock->seconds += 60;
        EXPECT_FALSE(co_await check(introspector, "good"));
    });
}

TEST(Introspection, RemembersARefusalForFiveSeconds)
{
    World world;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        EXPECT_FALSE(co_await check(introspector, "bad"));
        world.clock->seconds += 4;
        const auto again = co_await check(introspector, "bad");
        EXPECT_EQ(again.error().public_message(), "the token is not active");
        EXPECT_EQ(world.server->count(introspect), 1U);
        world.clock->seconds += 1;
        co_await check(introspector, "bad");
        EXPECT_EQ(world.server->count(introspect), 2U);
    });
}

TEST(Introspection, KeepsNoMoreThanItsBound)
{
    World world;
    world.settings.cache_entries_max = 20;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        for (int i = 0; i < 50; ++i) {
            co_await check(introspector, "good" + std::to_string(i));
            co_await check(introspector, "bad" + std::to_string(i));
        }
        EXPECT_EQ(introspector->counts().accepted_cached, 20U);
        EXPECT_EQ(introspector->counts().refused_cached, 2U);
        EXPECT_EQ(introspector->counts().in_flight, 0U);
        // The latest are known still: garbage did not drive them out.
        const auto before = world.server->count(introspect);
        co_await check(introspector, "good49");
        EXPECT_EQ(world.server->count(introspect), before);
    });
}

TEST(Introspection, RefusesWhatIsNoBearerTokenWithoutAsking)
{
    const std::vector<std::string> malformed{
        "", "a b", "a\"b", "a\nb", "=", "a=b", "caf\xC3\xA9", "a,b", std::string(4097, 'a')};
    for (const auto& token : malformed) {
        World world;
        const auto identity = once(world, token);
        ASSERT_FALSE(identity) << token;
        EXPECT_EQ(identity.error().code(), Errc::unauthenticated) << token;
        EXPECT_TRUE(world.server->requests.empty()) << token;
    }
    const std::vector<std::string> well_formed{"good",
                                               "good-._~+/09==", "good" + std::string(4092, 'a')};
    for (const auto& token : well_formed) {
        World world;
        EXPECT_TRUE(once(world, token)) << token;
    }
}

struct ServerFault {
    const char* name;
    std::function<Result<net::HttpResponse>()> answer;
};

class FaultyServer : public ::testing::TestWithParam<ServerFault> {};

TEST_P(FaultyServer, IsUnreachableNeverAGuessAndNeverRemembered)
{
    World world;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = world.make(runtime);
        bool broken = true;
        world.server->answer = [&](const net::HttpRequest& request) {
            return broken && request.target == introspect ? GetParam().answer()
                                                          : world.answer(request);
        };
        const auto down = co_await check(introspector, "good");
        EXPECT_TRUE(!down && down.error().code() == Errc::unreachable);
        broken = false;
        EXPECT_TRUE(co_await check(introspector, "good"));
    });
}

INSTANTIATE_TEST_SUITE_P(
    Introspection,
    FaultyServer,
    ::testing::Values(
        ServerFault{"no_connection", [] { return fail(Errc::unreachable, "no connection"); }},
        ServerFault{"too_slow", [] { return fail(Errc::deadline_exceeded, "too slow"); }},
        ServerFault{"client_refused", [] { return http(401, {{"error", "invalid_client"}}); }},
        ServerFault{"status_500", [] { return http(500, {{"active", true}}); }},
        ServerFault{"status_302", [] { return http(302, "{}"); }},
        ServerFault{"not_json", [] { return http(200, "<html>"); }},
        ServerFault{"not_an_object", [] { return http(200, json::array()); }},
        ServerFault{"no_active", [] { return http(200, json::object()); }},
        ServerFault{"twice_active", [] { return http(200, R"({"active":true,"active":false})"); }},
        ServerFault{"cut_off",
                    [] {
                        auto response = http(200, {{"active", true}});
                        response.truncated = true;
                        return response;
                    }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Introspection, AuthenticatesItselfTheConfiguredWay)
{
    const auto request_with = [](ClientAuthentication how) {
        World world;
        world.settings.client_id = "gate way";
        world.settings.client_secret = Secret{"a:b+c"};
        world.settings.client_authentication = how;
        EXPECT_TRUE(once(world, "good+/="));
        return world.server->last();
    };
    const auto authorization = [](const net::HttpRequest& request) {
        for (const auto& [name, value] : request.headers) {
            if (name == "Authorization") return value;
        }
        return std::string{};
    };
    const auto basic = request_with(ClientAuthentication::basic);
    EXPECT_EQ(authorization(basic), "Basic " + to_base64("gate%20way:a%3Ab%2Bc"));
    EXPECT_EQ(basic.body, "token=good%2B%2F%3D&token_type_hint=access_token");
    const auto form = request_with(ClientAuthentication::form);
    EXPECT_EQ(authorization(form), "");
    EXPECT_NE(form.body.find("&client_id=gate+way&client_secret=a%3Ab%2Bc"), std::string::npos)
        << form.body;
    EXPECT_EQ(authorization(request_with(ClientAuthentication::bearer)), "Bearer a:b+c");
    EXPECT_EQ(authorization(request_with(ClientAuthentication::none)), "");
}

TEST(Introspection, TakesRightsFromTheTokenOnlyWhereTheServerIssuesOurScopes)
{
    World tsidp;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = tsidp.make(runtime);
        const auto identity = co_await check(introspector, "good");
        EXPECT_TRUE(identity && !identity->scopes);
        EXPECT_FALSE(introspector->scopes_come_from_token());
        EXPECT_TRUE(introspector->advertised_scopes().empty());
    });
    // Words that servers use for what is theirs.
    World generic;
    generic.scopes_supported = {"openid", "admin", "readonly", "urn:x:admin"};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = generic.make(runtime);
        EXPECT_TRUE(co_await introspector->warm_up(after(5s)));
        EXPECT_FALSE(introspector->scopes_come_from_token());
        const auto identity = co_await check(introspector, "good");
        EXPECT_TRUE(identity && !identity->scopes);
    });
    World ours;
    ours.scopes_supported = {"openid", "offline_access", "system:read", "container:read"};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto introspector = ours.make(runtime);
        EXPECT_FALSE(introspector->scopes_come_from_token()) << "not known yet";
        EXPECT_TRUE(co_await introspector->warm_up(after(5s)));
        EXPECT_TRUE(introspector->scopes_come_from_token());
        EXPECT_EQ(introspector->advertised_scopes(),
                  (std::vector<std::string>{"container:read", "system:read"}));
        const auto identity = co_await check(introspector, "good");
        EXPECT_TRUE(identity && identity->scopes && identity->scopes->contains("system:read"));
    });
}

TEST(Introspection, NeedsNoDiscoveryWhenEverythingIsGiven)
{
    World world;
    world.settings.introspection_endpoint = "http://127.0.0.1:9999/introspect";
    world.settings.scopes = ScopeSource::from_policy;
    EXPECT_TRUE(once(world, "good"));
    EXPECT_EQ(world.server->requests.size(), 1U);
    EXPECT_EQ(world.server->endpoints.back().port, 9999);
}

TEST(Introspection, RefusesSettingsThatCannotBeSafe)
{
    const auto made = [](auto change) {
        World world;
        change(world.settings);
        Runtime runtime{1, 1};
        const auto result =
            Introspector::create(std::move(world.settings), FakeHttpClient::connect(world.server),
                                 runtime.io.get_executor(), world.clock);
        return result ? std::string{} : result.error().public_message();
    };
    EXPECT_EQ(made([](auto&) {}), "");
    EXPECT_NE(made([](auto& s) { s.issuer = "http://idp.example.com"; }), "");
    EXPECT_EQ(made([](auto& s) { s.issuer = "http://localhost:8080"; }), "");
    EXPECT_NE(made([](auto& s) { s.issuer = "idp.example.com"; }), "");
    EXPECT_NE(made([](auto& s) { s.introspection_endpoint = "http://10.0.0.1/i"; }), "");
    EXPECT_EQ(made([](auto& s) { s.introspection_endpoint = "https://10.0.0.1/i"; }), "");
    EXPECT_NE(made([](auto& s) { s.audience.clear(); }), "");
    EXPECT_NE(made([](auto& s) { s.client_secret = Secret{}; }), "");
    EXPECT_NE(made([](auto& s) { s.client_id.clear(); }), "");
}

}  // namespace
}  // namespace tailops::auth
