#include "auth/discovery.hpp"

#include "tests/support/run.hpp"
#include "tests/unit/auth/fakes.hpp"

#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::FakeClock;
using testing::FakeHttpClient;
using testing::FakeServer;
using testing::http;

/// A server that has the documents of `pages`; null: it does not answer.
struct World {
    std::shared_ptr<FakeServer> server = std::make_shared<FakeServer>();
    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    std::map<std::string, json> pages;
    bool down = false;

    World()
    {
        server->answer = [this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
            if (down) return fail(Errc::unreachable, "no connection");
            const auto page = pages.find(request.target);
            return page == pages.end() ? http(404, "not found") : http(200, page->second);
        };
    }
    std::shared_ptr<Discovery> make(Runtime& runtime, const std::string& issuer)
    {
        DiscoverySettings settings;
        settings.issuer = issuer;
        auto made = Discovery::create(settings, FakeHttpClient::connect(server),
                                      runtime.io.get_executor(), clock);
        if (!made) throw std::runtime_error{made.error().describe()};
        return std::move(*made);
    }
};

json document(const std::string& issuer, const std::string& endpoint)
{
    return {{"issuer", issuer}, {"introspection_endpoint", endpoint}};
}

/// The endpoint found for `issuer`, or the error's text.
std::string found(World& world, const std::string& issuer)
{
    return testing::run([&](Runtime& runtime) -> Task<std::string> {
        const auto discovery = world.make(runtime, issuer);
        const auto metadata = co_await discovery->metadata(after(10s));
        co_return metadata ? (*metadata)->introspection_endpoint : metadata.error().describe();
    });
}

constexpr auto plain = "https://idp.example.com";
constexpr auto oidc = "/.well-known/openid-configuration";
constexpr auto oauth = "/.well-known/oauth-authorization-server";

TEST(Discovery, TakesTheOpenIdDocumentAndElseThatOfRfc8414)
{
    World both;
    both.pages = {{oidc, document(plain, "https://idp.example.com/1")},
                  {oauth, document(plain, "https://idp.example.com/2")}};
    EXPECT_EQ(found(both, plain), "https://idp.example.com/1");
    EXPECT_EQ(both.server->requests.size(), 1U);

    World only_oauth;
    only_oauth.pages = {{oauth, document(plain, "https://idp.example.com/2")}};
    EXPECT_EQ(found(only_oauth, plain), "https://idp.example.com/2");

    World incomplete;
    incomplete.pages = {{oidc, {{"issuer", plain}}},
                        {oauth, document(plain, "https://idp.example.com/2")}};
    EXPECT_EQ(found(incomplete, plain), "https://idp.example.com/2");
}

TEST(Discovery, PutsAnIssuersPathWhereEachSpecificationWantsIt)
{
    constexpr auto realm = "https://idp.example.com/realms/home";
    World openid;
    openid.pages = {{"/realms/home/.well-known/openid-configuration",
                     document(realm, "https://idp.example.com/1")}};
    EXPECT_EQ(found(openid, realm), "https://idp.example.com/1");
    World rfc8414;
    rfc8414.pages = {{"/.well-known/oauth-authorization-server/realms/home",
                      document(realm, "https://idp.example.com/2")}};
    EXPECT_EQ(found(rfc8414, realm), "https://idp.example.com/2");
}

TEST(Discovery, BelievesOnlyADocumentOfItsIssuerWithASafeEndpoint)
{
    const auto why = [](const json& page) {
        World world;
        world.pages = {{oidc, page}};
        return found(world, plain);
    };
    EXPECT_NE(why(document("https://evil.example.com", "https://idp.example.com/1"))
                  .find("it is of issuer \"https://evil.example.com\""),
              std::string::npos);
    EXPECT_NE(why(document("https://idp.example.com/", "https://idp.example.com/1"))
                  .find("the configuration says"),
              std::string::npos);
    EXPECT_NE(why(document(plain, "http://idp.example.com/1")).find("must begin with https"),
              std::string::npos);
    EXPECT_NE(why(document(plain, "/relative")).find("no URL"), std::string::npos);
    EXPECT_NE(why({{"issuer", plain}}).find("is missing"), std::string::npos);
    EXPECT_NE(why("<html>").find("not valid JSON"), std::string::npos);
    EXPECT_EQ(why(document(plain, "http://127.0.0.1:7/i")), "http://127.0.0.1:7/i");
}

TEST(Discovery, AsksAgainAfterTenMinutesAndKeepsTheOldWhenThatFails)
{
    World world;
    world.pages = {{oidc, document(plain, "https://idp.example.com/1")}};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto discovery = world.make(runtime, plain);
        EXPECT_EQ(discovery->known(), nullptr);
        co_await discovery->metadata(after(10s));
        world.clock->seconds += 599;
        co_await discovery->metadata(after(10s));
        EXPECT_EQ(world.server->count(oidc), 1U);
        world.down = true;
        world.clock->seconds += 1;
        const auto metadata = co_await discovery->metadata(after(10s));
        EXPECT_TRUE(metadata) << "the old one, while the question runs";
        // The question runs beside; wait for it.
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        for (int i = 0; i < 5000 && world.server->count(oidc) < 2; ++i) {
            timer.expires_after(1ms);
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        EXPECT_EQ(world.server->count(oidc), 2U);
        EXPECT_TRUE(co_await discovery->metadata(after(10s)));
    });
}

TEST(Discovery, RemembersNoFailure)
{
    World world;
    world.down = true;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto discovery = world.make(runtime, plain);
        const auto down = co_await discovery->metadata(after(10s));
        EXPECT_TRUE(!down && down.error().code() == Errc::unreachable);
        world.down = false;
        world.pages = {{oidc, document(plain, "https://idp.example.com/1")}};
        EXPECT_TRUE(co_await discovery->metadata(after(10s)));
    });
}

TEST(Discovery, AsksAnewSoonAfterASuspicion)
{
    World world;
    world.pages = {{oidc, document(plain, "https://idp.example.com/1")}};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto discovery = world.make(runtime, plain);
        co_await discovery->metadata(after(10s));
        discovery->suspect();
        co_await discovery->metadata(after(10s));
        EXPECT_EQ(world.server->count(oidc), 1U) << "not in the first ten seconds";
        world.clock->seconds += 10;
        co_await discovery->metadata(after(10s));
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        for (int i = 0; i < 5000 && world.server->count(oidc) < 2; ++i) {
            timer.expires_after(1ms);
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        EXPECT_EQ(world.server->count(oidc), 2U);
    });
}

}  // namespace
}  // namespace tailops::auth
