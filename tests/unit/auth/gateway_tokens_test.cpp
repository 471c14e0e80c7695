#include "auth/gateway_tokens.hpp"

#include "auth/token_router.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/auth/fakes.hpp"

#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;

/// A store in memory that counts how often it is asked.
class FakeStore : public TokenStore {
public:
    Status insert(const StoredToken& token, const TokenActor&) override
    {
        const std::scoped_lock lock{mutex_};
        tokens_.push_back(token);
        ++generation_;
        return {};
    }
    Result<std::vector<StoredToken>> list() override
    {
        const std::scoped_lock lock{mutex_};
        ++lists;
        return tokens_;
    }
    Status revoke(const std::string& id, TimePoint when, const TokenActor&) override
    {
        const std::scoped_lock lock{mutex_};
        for (auto& token : tokens_) {
            if (token.id == id) token.revoked = when;
        }
        ++generation_;
        return {};
    }
    Result<std::int64_t> generation() override
    {
        ++asked;
        if (broken) return fail(Errc::internal, "the disk is gone");
        const std::scoped_lock lock{mutex_};
        return generation_;
    }
    std::atomic<int> asked{0};
    std::atomic<int> lists{0};
    std::atomic<bool> broken{false};

private:
    std::mutex mutex_;
    std::vector<StoredToken> tokens_;
    std::int64_t generation_{7};
};

struct World {
    std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    GatewayTokenSettings settings{.refresh_after = 1h, .stale_after = 1h, .unknown_interval = 0ms};

    std::string mint_for(const std::string& subject, std::set<std::string> scopes = {})
    {
        auto minted =
            mint({.subject = subject, .scopes = std::move(scopes), .lifetime = 1h}, clock->now());
        EXPECT_TRUE(minted);
        EXPECT_TRUE(store->insert(minted->stored, {}));
        return std::string{minted->text.reveal()};
    }
    std::shared_ptr<GatewayTokenAuthenticator> make(Runtime& runtime)
    {
        return std::make_shared<GatewayTokenAuthenticator>(store, runtime.io.get_executor(),
                                                           runtime.blocking, clock, settings);
    }
};

/// Parameters are views: GCC 12 destroys converted arguments of an awaited call twice. `who` must
/// outlive the task.
template <class T>
Task<Result<Identity>> check(const std::shared_ptr<T>& who, std::string_view token)
{
    return who->authenticate(Secret{std::string{token}}, after(10s));
}

std::string refusal(const Result<Identity>& identity)
{
    return identity ? "accepted" : identity.error().public_message();
}

TEST(GatewayToken, IsMintedAsPrefixAndRandomTextAndKeptAsADigest)
{
    const TimePoint now{1'800'000'000s};
    const auto minted = mint({.subject = "ci", .scopes = {"system:read"}, .lifetime = 1h}, now);
    ASSERT_TRUE(minted);
    const auto text = minted->text.reveal();
    EXPECT_TRUE(text.starts_with("tailops_"));
    EXPECT_EQ(text.size(), 8U + 43U);
    EXPECT_EQ(from_base64url(text.substr(8))->size(), 32U);
    EXPECT_EQ(minted->stored.digest, sha256(text));
    EXPECT_TRUE(minted->stored.id.starts_with("tk_"));
    EXPECT_EQ(minted->stored.id.size(), 3U + 8U);
    EXPECT_EQ(minted->stored.expires, now + 1h);
    EXPECT_NE(mint({.subject = "ci", .scopes = {}, .lifetime = 1h}, now)->text.reveal(), text);
}

TEST(GatewayToken, IsNotMintedFromNonsense)
{
    const auto why = [](MintRequest request) {
        const auto minted = mint(request, TimePoint{});
        return minted ? std::string{"minted"} : minted.error().public_message();
    };
    EXPECT_EQ(why({"ci", {"admin", "readonly", "container:write"}, 1h}), "minted");
    EXPECT_NE(why({"", {}, 1h}), "minted");
    EXPECT_NE(why({"a\nb", {}, 1h}), "minted");
    EXPECT_NE(why({" ci", {}, 1h}), "minted");
    EXPECT_EQ(why({"Eve Adams", {}, 1h}), "minted");
    EXPECT_NE(why({std::string(257, 'a'), {}, 1h}), "minted");
    EXPECT_NE(why({"ci", {"openid"}, 1h}), "minted");
    EXPECT_NE(why({"ci", {"container:wirte"}, 1h}).find("container:write"), std::string::npos);
    EXPECT_NE(why({"ci", {}, 0s}), "minted");
    EXPECT_NE(why({"ci", {}, 24h * 3661}), "minted");
}

TEST(GatewayToken, NamesItsSubjectItsScopesAndItsPublicId)
{
    World world;
    const auto scoped = world.mint_for("ci", {"system:read"});
    const auto unscoped = world.mint_for("alice");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        const auto identity = co_await check(tokens, scoped);
        EXPECT_TRUE(identity) << refusal(identity);
        if (!identity) co_return;
        EXPECT_EQ(identity->key(), "tailops|ci");
        EXPECT_EQ(identity->scopes, std::set<std::string>{"system:read"});
        EXPECT_TRUE(identity->client_id.starts_with("tk_"));
        EXPECT_EQ(identity->method, Method::gateway_token);
        const auto roles = co_await check(tokens, unscoped);
        EXPECT_TRUE(roles && !roles->scopes) << "no scopes: rights come from the roles";
    });
}

TEST(GatewayToken, IsRefusedWithTheReason)
{
    World world;
    const auto good = world.mint_for("ci");
    auto changed = good;
    changed.back() = changed.back() == 'A' ? 'B' : 'A';
    const std::vector<std::string> others{"", good + "A", good.substr(0, 50),
                                          "xailops_" + good.substr(8)};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        EXPECT_EQ(refusal(co_await check(tokens, good)), "accepted");
        EXPECT_EQ(refusal(co_await check(tokens, changed)), "the gateway does not know this token");
        for (const auto& other : others) {
            EXPECT_EQ(refusal(co_await check(tokens, other)), "this is no token of the gateway");
        }
        world.clock->seconds += 3599;
        EXPECT_EQ(refusal(co_await check(tokens, good)), "accepted");
        world.clock->seconds += 1;
        EXPECT_EQ(refusal(co_await check(tokens, good)), "the token has expired");
    });
}

TEST(GatewayToken, IsAnsweredFromMemoryWhileTheComparisonIsFresh)
{
    World world;
    const auto good = world.mint_for("ci");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        for (int i = 0; i < 100; ++i) co_await check(tokens, good);
    });
    EXPECT_EQ(world.store->asked, 1);
    EXPECT_EQ(world.store->lists, 1);
}

TEST(GatewayToken, IsRefusedOnceAnotherProcessRevokedItAndTheComparisonIsStale)
{
    World world;
    world.settings.stale_after = 0ms;
    const auto good = world.mint_for("ci");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        EXPECT_EQ(refusal(co_await check(tokens, good)), "accepted");
        const auto listed = world.store->list();
        EXPECT_TRUE(world.store->revoke(listed->front().id, world.clock->now(), {}));
        EXPECT_EQ(refusal(co_await check(tokens, good)), "the token has been revoked");
    });
}

TEST(GatewayToken, WorksAtOnceWhenAnotherProcessMintedIt)
{
    World world;
    const auto first = world.mint_for("ci");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        EXPECT_TRUE(co_await check(tokens, first));
        const auto second = world.mint_for("alice");
        EXPECT_TRUE(co_await check(tokens, second));
    });
}

TEST(GatewayToken, IsNotReadAnewWhenNothingChanged)
{
    World world;
    world.settings.stale_after = 0ms;
    const auto good = world.mint_for("ci");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        for (int i = 0; i < 5; ++i) co_await check(tokens, good);
    });
    EXPECT_EQ(world.store->asked, 5);
    EXPECT_EQ(world.store->lists, 1);
}

TEST(GatewayToken, IsNeverGuessedAboutWhenTheStoreFails)
{
    World world;
    world.settings.stale_after = 0ms;
    const auto good = world.mint_for("ci");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto tokens = world.make(runtime);
        EXPECT_TRUE(co_await check(tokens, good));
        world.store->broken = true;
        const auto down = co_await check(tokens, good);
        EXPECT_TRUE(!down && down.error().code() == Errc::unreachable);
        world.store->broken = false;
        EXPECT_TRUE(co_await check(tokens, good));
    });
}

/// Says which route a token took.
class FakeRoute : public Authenticator {
public:
    explicit FakeRoute(std::string name) : name_{std::move(name)} {}
    Task<Result<Identity>> authenticate(Secret, Deadline) override
    {
        co_return fail(Errc::unauthenticated, name_);
    }

private:
    std::string name_;
};

TEST(TokenRouter, GivesEachTokenToTheOneItsShapeBelongsTo)
{
    const auto route = [](const TokenRouter::Routes& routes, std::string token) {
        const auto router = std::make_shared<TokenRouter>(routes);
        return refusal(testing::run([&](Runtime&) { return check(router, token); }));
    };
    const TokenRouter::Routes all{std::make_shared<FakeRoute>("gateway"),
                                  std::make_shared<FakeRoute>("hmac"),
                                  std::make_shared<FakeRoute>("other")};
    const auto hmac = "eyJ9." + std::string(64, 'a');
    const auto jwt = "eyJ9.eyJ9." + std::string(64, 'a');
    EXPECT_EQ(route(all, "tailops_x"), "gateway");
    EXPECT_EQ(route(all, "tailops_x." + std::string(64, 'a')), "gateway");
    EXPECT_EQ(route(all, hmac), "hmac");
    EXPECT_EQ(route(all, jwt), "other");
    EXPECT_EQ(route(all, std::string(64, 'a')), "other");
    // One that was cut or changed is all but a token still: it stays here.
    const auto body = to_base64url(R"({"agent": "alice", "scopes": ["admin"]})");
    for (const auto& damaged :
         {body + '.' + std::string(63, 'a'), body + '.' + std::string(64, 'A'),
          body + '.' + std::string(64, 'a') + '.', body + "==." + std::string(62, 'a'),
          body.substr(1) + '.' + std::string(64, 'A'), body + '.' + std::string(65, 'a')}) {
        EXPECT_EQ(route(all, damaged), "hmac") << damaged;
    }
    EXPECT_EQ(route(all, "ory_at_x." + to_base64url(std::string(32, 'x'))), "other");
    EXPECT_EQ(route(all, ""), "other");

    const TokenRouter::Routes none;
    EXPECT_EQ(route(none, "tailops_x"), "the gateway does not know this token");
    EXPECT_EQ(route(none, hmac), "the gateway does not know this token");
    const TokenRouter::Routes introspection{nullptr, nullptr, all.other};
    EXPECT_EQ(route(introspection, "tailops_x"), "the gateway does not know this token")
        << "our own tokens never go to an authorization server";
    EXPECT_EQ(route(introspection, hmac), "other");
}

}  // namespace
}  // namespace tailops::auth
