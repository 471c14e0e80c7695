#include "auth/hmac_token.hpp"

#include "auth/none.hpp"
#include "gateway/core/digest.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/auth/fakes.hpp"

#include <gtest/gtest.h>

namespace tailops::auth {
namespace {

using nlohmann::json;
using testing::FakeClock;

constexpr auto secret = "a shared secret of the old days";

std::string signed_with(const char* key, const std::string& body)
{
    return body + "." + to_hex(hmac_sha256(key, body));
}

std::string token_of(const json& claims)
{
    return signed_with(secret, to_base64url(claims.dump()));
}

Result<Identity> check(
    std::string token,
    HmacTokenSettings::MissingExpiry missing = HmacTokenSettings::MissingExpiry::refuse)
{
    const auto made =
        HmacTokenAuthenticator::create({.shared_secret = Secret{secret}, .missing_expiry = missing},
                                       std::make_shared<FakeClock>());
    return testing::run(
        [&](Runtime&) { return (*made)->authenticate(Secret{std::move(token)}, after({})); });
}

std::string refusal(const Result<Identity>& identity)
{
    return identity ? "accepted" : identity.error().public_message();
}

// FakeClock starts at 2027-01-15T08:00:00Z.
const json alice{{"agent", "alice"},
                 {"scopes", {"system:read", "container:read"}},
                 {"host_tags", {"web"}},
                 {"expiry", "2027-01-15T08:00:01"}};

TEST(HmacToken, OfTheEarlierSystemIsAccepted)
{
    const auto identity = check(token_of(alice));
    ASSERT_TRUE(identity) << refusal(identity);
    EXPECT_EQ(identity->key(), "tailopsmcp|alice");
    EXPECT_EQ(identity->scopes, (std::set<std::string>{"system:read", "container:read"}));
    EXPECT_EQ(identity->groups, std::set<std::string>{"web"});
    EXPECT_EQ(identity->method, Method::hmac_token);
    EXPECT_EQ(identity->expires, TimePoint{std::chrono::seconds{1'800'000'001}});
}

TEST(HmacToken, MadeByPythonWithPaddingIsAccepted)
{
    // base64.urlsafe_b64encode pads, and the signature covers the padding.
    auto body = to_base64url(R"({"agent": "a", "scopes": [], "expiry": "2030-01-01T00:00:00"})");
    while (body.size() % 4 != 0) body += '=';
    ASSERT_TRUE(body.ends_with('='));
    EXPECT_EQ(refusal(check(signed_with(secret, body))), "accepted");
    EXPECT_EQ(check(signed_with(secret, body))->scopes, std::set<std::string>{})
        << "a token with no scopes has none; it does not fall back to roles";
}

TEST(HmacToken, EndsAtItsExpiryInWhateverOffset)
{
    const auto with_expiry = [](const char* expiry) {
        auto claims = alice;
        claims["expiry"] = expiry;
        return refusal(check(token_of(claims)));
    };
    EXPECT_EQ(with_expiry("2027-01-15T08:00:00"), "the token has expired");
    EXPECT_EQ(with_expiry("2027-01-15T08:00:00.500000"), "accepted");
    EXPECT_EQ(with_expiry("2027-01-15T08:00:01Z"), "accepted");
    EXPECT_EQ(with_expiry("2027-01-15T09:00:01+01:00"), "accepted");
    EXPECT_EQ(with_expiry("9999-12-31T23:59:59"), "accepted") << "never, in the old days";
    EXPECT_EQ(with_expiry("2300-01-01T00:00:00Z"), "accepted");
    EXPECT_EQ(with_expiry("0001-01-01T00:00:00"), "the token has expired");
    EXPECT_EQ(with_expiry("2027-01-15T09:00:00+01:00"), "the token has expired");
    EXPECT_EQ(with_expiry("tomorrow"), "the token's expiry is no time");
}

TEST(HmacToken, WithoutExpiryIsAcceptedOnlyWhenTheOperatorSaysSo)
{
    auto endless = alice;
    endless.erase("expiry");
    using enum HmacTokenSettings::MissingExpiry;
    EXPECT_EQ(refusal(check(token_of(endless))), "the token has no expiry");
    EXPECT_EQ(refusal(check(token_of(endless), accept)), "accepted");
    endless["expiry"] = nullptr;
    EXPECT_EQ(refusal(check(token_of(endless))), "the token has no expiry");
}

TEST(HmacToken, IsRefusedWhenAnythingOfItIsWrong)
{
    const auto body = to_base64url(alice.dump());
    EXPECT_EQ(refusal(check(signed_with("another secret of that length", body))),
              "the token's signature is wrong");
    auto changed = token_of(alice);
    changed.back() = changed.back() == '0' ? '1' : '0';
    EXPECT_EQ(refusal(check(changed)), "the token's signature is wrong");
    auto admin = alice;
    admin["scopes"] = {"admin"};
    EXPECT_EQ(refusal(check(to_base64url(admin.dump()) + token_of(alice).substr(body.size()))),
              "the token's signature is wrong");
    EXPECT_EQ(refusal(check(body + ".")), "the token is malformed");
    EXPECT_EQ(refusal(check("." + std::string(64, '0'))), "the token is malformed");
    EXPECT_EQ(refusal(check("a." + token_of(alice))), "the token is malformed");
    EXPECT_EQ(refusal(check(signed_with(secret, to_base64url("no json")))),
              "the token is malformed");
    EXPECT_EQ(refusal(check(token_of({{"scopes", json::array()}}))), "the token names no agent");
    EXPECT_EQ(refusal(check(token_of({{"agent", "a"}, {"scopes", "admin"}}))),
              "the token's claims are malformed");
    EXPECT_EQ(refusal(check(token_of({{"agent", "a"}, {"expiry", "2030-01-01T00:00:00"}}))),
              "the token's claims are malformed");
}

TEST(HmacToken, NeedsASecretThatCannotBeGuessed)
{
    const auto clock = std::make_shared<FakeClock>();
    EXPECT_FALSE(HmacTokenAuthenticator::create({.shared_secret = Secret{""}}, clock));
    EXPECT_FALSE(
        HmacTokenAuthenticator::create({.shared_secret = Secret{"fifteen bytes!!"}}, clock));
    EXPECT_TRUE(
        HmacTokenAuthenticator::create({.shared_secret = Secret{"sixteen bytes!!!"}}, clock));
}

TEST(NoAuthentication, CallsEverybodyAnonymous)
{
    const auto clock = std::make_shared<FakeClock>();
    const auto who = [&](std::set<std::string> scopes) {
        NoAuthentication nobody{std::move(scopes), clock};
        return testing::run([&](Runtime&) { return nobody.authenticate(Secret{}, after({})); });
    };
    EXPECT_EQ(who({"readonly"})->name, "anonymous");
    EXPECT_EQ(who({"readonly"})->scopes, std::set<std::string>{"readonly"});
    EXPECT_EQ(who({"readonly"})->method, Method::none);
    EXPECT_FALSE(who({})->scopes);
}

}  // namespace
}  // namespace tailops::auth
