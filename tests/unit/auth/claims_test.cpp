#include "auth/claims.hpp"

#include "auth/audience.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace tailops::auth {
namespace {

using nlohmann::json;

constexpr std::int64_t now_seconds = 1'800'000'000;
const TimePoint now{std::chrono::seconds{now_seconds}};

ClaimRules rules()
{
    return {.issuer = "https://idp.example.ts.net",
            .audience = {"https://gw.example.com/mcp", "http://gw.example.com:8080/mcp"},
            .scopes = ScopeSource::from_policy,
            .clock_skew = std::chrono::seconds{60}};
}

/// What tsidp answers for a token of Alice.
json tsidp_answer()
{
    return {{"active", true},
            {"client_id", "assistant"},
            {"exp", now_seconds + 300},
            {"iat", now_seconds},
            {"nbf", now_seconds - 300},
            {"token_type", "Bearer"},
            {"iss", "https://idp.example.ts.net"},
            {"jti", "1f"},
            {"sub", "1001"},
            {"username", "alice@example.com"},
            {"aud", {"assistant", "https://gw.example.com/mcp"}},
            {"scope", "openid email"},
            {"email", "alice@example.com"}};
}

struct Row {
    const char* name;
    std::function<void(json&)> change;
    const char* refusal;  // null: accepted
};

class ClaimTable : public ::testing::TestWithParam<Row> {};

TEST_P(ClaimTable, IsAcceptedOrRefusedWithAReason)
{
    auto answer = tsidp_answer();
    GetParam().change(answer);
    const auto identity = identity_of(answer, rules(), now);
    if (!GetParam().refusal) {
        EXPECT_TRUE(identity) << identity.error().describe();
        return;
    }
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().code(), Errc::unauthenticated);
    EXPECT_EQ(identity.error().public_message(), GetParam().refusal);
}

constexpr auto not_ours = "the token was not issued for this gateway";
constexpr auto odd_aud = "the token's \"aud\" is not a name or a list of names";
constexpr auto odd_groups = "the token's \"groups\" is not a name or a list of names";

INSTANTIATE_TEST_SUITE_P(
    Claims,
    ClaimTable,
    ::testing::Values(
        Row{"as_it_is", [](json&) {}, nullptr},
        Row{"inactive", [](json& j) { j = {{"active", false}}; }, "the token is not active"},
        Row{"inactive_with_claims", [](json& j) { j["active"] = false; },
            "the token is not active"},
        Row{"last_second", [](json& j) { j["exp"] = now_seconds + 1; }, nullptr},
        Row{"expired_at_the_instant", [](json& j) { j["exp"] = now_seconds; },
            "the token has expired"},
        Row{"no_exp", [](json& j) { j.erase("exp"); }, "the token has no expiry"},
        Row{"null_exp", [](json& j) { j["exp"] = nullptr; }, "the token's \"exp\" is no time"},
        Row{"text_exp", [](json& j) { j["exp"] = "1900000000"; }, "the token's \"exp\" is no time"},
        Row{"negative_exp", [](json& j) { j["exp"] = -5; }, "the token's \"exp\" is no time"},
        Row{"huge_exp", [](json& j) { j["exp"] = 1e300; }, nullptr},
        Row{"fractional_exp", [](json& j) { j["exp"] = now_seconds + 10.5; }, nullptr},
        Row{"nbf_within_skew", [](json& j) { j["nbf"] = now_seconds + 60; }, nullptr},
        Row{"nbf_in_the_future", [](json& j) { j["nbf"] = now_seconds + 61; },
            "the token is not valid yet"},
        Row{"null_nbf", [](json& j) { j["nbf"] = nullptr; }, "the token's \"nbf\" is no time"},
        Row{"null_iat", [](json& j) { j["iat"] = nullptr; }, "the token's \"iat\" is no time"},
        Row{"no_nbf", [](json& j) { j.erase("nbf"); }, nullptr},
        Row{"iat_in_the_future", [](json& j) { j["iat"] = now_seconds + 61; },
            "the token was issued in the future"},
        Row{"no_iss", [](json& j) { j.erase("iss"); }, nullptr},
        Row{"other_iss", [](json& j) { j["iss"] = "https://idp.example.org"; },
            "the token is of another issuer"},
        Row{"iss_with_slash", [](json& j) { j["iss"] = "https://idp.example.ts.net/"; },
            "the token is of another issuer"},
        Row{"iss_null", [](json& j) { j["iss"] = nullptr; }, "the token is of another issuer"},
        Row{"aud_string", [](json& j) { j["aud"] = "https://gw.example.com/mcp"; }, nullptr},
        Row{"aud_second_name", [](json& j) { j["aud"] = "http://gw.example.com:8080/mcp"; },
            nullptr},
        Row{"aud_trailing_slash", [](json& j) { j["aud"] = {"https://gw.example.com/mcp/"}; },
            nullptr},
        Row{"aud_two_slashes", [](json& j) { j["aud"] = {"https://gw.example.com/mcp//"}; },
            not_ours},
        Row{"aud_host_case", [](json& j) { j["aud"] = {"HTTPS://GW.Example.com/mcp"}; }, nullptr},
        Row{"aud_path_case", [](json& j) { j["aud"] = {"https://gw.example.com/MCP"}; }, not_ours},
        Row{"aud_fragment", [](json& j) { j["aud"] = {"https://gw.example.com/mcp#x"}; }, nullptr},
        Row{"aud_query", [](json& j) { j["aud"] = {"https://gw.example.com/mcp?x"}; }, not_ours},
        Row{"aud_root", [](json& j) { j["aud"] = {"https://gw.example.com"}; }, not_ours},
        Row{"aud_longer_path", [](json& j) { j["aud"] = {"https://gw.example.com/mcp/x"}; },
            not_ours},
        Row{"aud_longer_host", [](json& j) { j["aud"] = {"https://gw.example.com.evil.org/mcp"}; },
            not_ours},
        Row{"aud_other", [](json& j) { j["aud"] = {"assistant", "https://other.example.com"}; },
            not_ours},
        Row{"aud_client_only", [](json& j) { j["aud"] = {"assistant"}; }, not_ours},
        Row{"aud_missing", [](json& j) { j.erase("aud"); }, not_ours},
        Row{"aud_empty", [](json& j) { j["aud"] = json::array(); }, not_ours},
        Row{"aud_object", [](json& j) { j["aud"] = {{"https://gw.example.com/mcp", 1}}; }, odd_aud},
        Row{"aud_null_beside_resource",
            [](json& j) {
                j["aud"] = nullptr;
                j["resource"] = "https://gw.example.com/mcp";
            },
            odd_aud},
        Row{"aud_with_a_number", [](json& j) { j["aud"].push_back(7); }, odd_aud},
        Row{"resource_instead_of_aud",
            [](json& j) {
                j["aud"] = "assistant";
                j["resource"] = "https://gw.example.com/mcp";
            },
            nullptr},
        Row{"lower_case_type", [](json& j) { j["token_type"] = "bearer"; }, nullptr},
        Row{"no_type", [](json& j) { j.erase("token_type"); }, nullptr},
        Row{"dpop_bound", [](json& j) { j["token_type"] = "DPoP"; },
            "the token is not a bearer token"},
        Row{"nobody",
            [](json& j) {
                j.erase("sub");
                j.erase("client_id");
            },
            "the token names neither a subject nor a client"},
        Row{"no_sub", [](json& j) { j.erase("sub"); }, nullptr},
        Row{"numeric_sub", [](json& j) { j["sub"] = 1001; }, "the token's \"sub\" is not text"},
        Row{"null_sub", [](json& j) { j["sub"] = nullptr; }, "the token's \"sub\" is not text"},
        Row{"empty_sub", [](json& j) { j["sub"] = ""; }, "the token's \"sub\" is empty"},
        Row{"listed_sub", [](json& j) { j["sub"] = {"1001"}; }, "the token's \"sub\" is not text"},
        Row{"overlong_sub", [](json& j) { j["sub"] = std::string(513, 'a'); },
            "the token's \"sub\" is overlong"},
        Row{"no_username", [](json& j) { j.erase("username"); }, nullptr},
        Row{"numeric_username", [](json& j) { j["username"] = 7; },
            "the token's \"username\" is not text"},
        Row{"empty_username", [](json& j) { j["username"] = ""; },
            "the token's \"username\" is empty"},
        Row{"no_client", [](json& j) { j.erase("client_id"); }, nullptr},
        Row{"numeric_client", [](json& j) { j["client_id"] = 7; },
            "the token's \"client_id\" is not text"},
        Row{"null_client", [](json& j) { j["client_id"] = nullptr; },
            "the token's \"client_id\" is not text"},
        Row{"one_group", [](json& j) { j["groups"] = "ops"; }, nullptr},
        Row{"no_group", [](json& j) { j["groups"] = json::array(); }, nullptr},
        Row{"null_groups", [](json& j) { j["groups"] = nullptr; }, odd_groups},
        Row{"groups_object", [](json& j) { j["groups"] = {{"ops", true}}; }, odd_groups},
        Row{"groups_with_a_number", [](json& j) { j["groups"] = {"ops", 7}; }, odd_groups},
        Row{"groups_with_an_empty_name", [](json& j) { j["groups"] = {"ops", ""}; }, odd_groups},
        Row{"numeric_tags", [](json& j) { j["tags"] = 7; },
            "the token's \"tags\" is not a name or a list of names"},
        Row{"act_text", [](json& j) { j["act"] = "agent-1"; },
            "the token's \"act\" is not an object"},
        Row{"act_list", [](json& j) { j["act"] = {{{"sub", "agent-1"}}}; },
            "the token's \"act\" is not an object"},
        Row{"act_null", [](json& j) { j["act"] = nullptr; },
            "the token's \"act\" is not an object"},
        Row{"act_text_within", [](json& j) { j["act"] = {{"sub", "agent-1"}, {"act", "agent-2"}}; },
            "the token's \"act\" is not an object"},
        Row{"act_numeric_sub", [](json& j) { j["act"] = {{"sub", 7}, {"client_id", "a"}}; },
            "the token's \"sub\" is not text"},
        Row{"act_numeric_client",
            [](json& j) { j["act"] = {{"sub", "agent-1"}, {"client_id", 7}}; },
            "the token's \"client_id\" is not text"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Claims, NameTheTailnetUserAndTheClientThatActs)
{
    auto answer = tsidp_answer();
    answer["act"] = {{"sub", "agent-1"}, {"act", {{"client_id", "agent-2"}}}};
    const auto identity = identity_of(answer, rules(), now);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->subject.view(), "1001");
    EXPECT_EQ(identity->name, "alice@example.com");
    EXPECT_EQ(identity->client_id, "assistant");
    EXPECT_EQ(identity->issuer, "https://idp.example.ts.net");
    EXPECT_EQ(identity->actors, (std::vector<std::string>{"agent-1", "client:agent-2"}));
    EXPECT_EQ(identity->expires, now + std::chrono::seconds{300});
    EXPECT_EQ(identity->method, Method::oidc);
    EXPECT_FALSE(identity->scopes) << "openid and email are no rights of ours";
}

TEST(Claims, CallOnePersonByOneNameInEveryForm)
{
    struct Row {
        std::string_view said, meant;
    };
    // TSIDP writes `2` in an introspection answer and `userid:2` everywhere else.
    constexpr Row rows[] = {{"userid:2", "2"},        {"2", "2"},
                            {"userid:", "userid:"},   {"userid:2a", "userid:2a"},
                            {"USERID:2", "USERID:2"}, {"xuserid:2", "xuserid:2"}};
    for (const auto& [said, meant] : rows) {
        auto answer = tsidp_answer();
        answer["sub"] = said;
        answer["act"] = {{"sub", said}, {"client_id", "assistant"}};
        const auto identity = identity_of(answer, rules(), now);
        ASSERT_TRUE(identity) << said;
        EXPECT_EQ(identity->subject.view(), meant);
        EXPECT_EQ(identity->actors, std::vector{std::string{meant}});
    }
}

TEST(Claims, RefuseAnActorThatHasNoName)
{
    auto answer = tsidp_answer();
    answer["act"] = {{"act", {{"sub", "agent-1"}}}};
    EXPECT_FALSE(identity_of(answer, rules(), now));
    answer["act"] = {{"sub", std::string(513, 'a')}};
    EXPECT_FALSE(identity_of(answer, rules(), now));
    answer["act"] = {{"sub", std::string(512, 'a')}};
    EXPECT_TRUE(identity_of(answer, rules(), now));
}

TEST(Claims, BringScopesOnlyWhenRightsComeFromTheToken)
{
    auto from_token = rules();
    from_token.scopes = ScopeSource::from_token;
    auto answer = tsidp_answer();
    answer["scope"] = "openid system:read  container:write";
    EXPECT_FALSE(identity_of(answer, rules(), now)->scopes);
    EXPECT_EQ(identity_of(answer, from_token, now)->scopes,
              (std::set<std::string>{"openid", "system:read", "container:write"}));
    answer.erase("scope");
    EXPECT_EQ(identity_of(answer, from_token, now)->scopes, std::set<std::string>{})
        << "a token without scopes has no rights; it does not fall back to roles";
    answer["scope"] = "";
    EXPECT_EQ(identity_of(answer, from_token, now)->scopes, std::set<std::string>{});
    for (const auto& odd : {json(7), json(nullptr), json{"system:read"}}) {
        answer["scope"] = odd;
        const auto identity = identity_of(answer, from_token, now);
        ASSERT_FALSE(identity) << odd;
        EXPECT_EQ(identity.error().public_message(), "the token's \"scope\" is not text");
    }
}

TEST(Claims, CallATokenWithoutSubjectByItsClient)
{
    auto answer = tsidp_answer();
    answer.erase("sub");
    answer.erase("username");
    const auto identity = identity_of(answer, rules(), now);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->subject.view(), "client:assistant");
    EXPECT_EQ(identity->name, "assistant");
}

TEST(Claims, LetNobodyPassForAClient)
{
    auto answer = tsidp_answer();
    answer["sub"] = "client:assistant";
    EXPECT_EQ(identity_of(answer, rules(), now).error().code(), Errc::unauthenticated);
    answer = tsidp_answer();
    answer["act"] = {{"sub", "client:agent-2"}};
    EXPECT_EQ(identity_of(answer, rules(), now).error().code(), Errc::unauthenticated);
    answer = tsidp_answer();
    answer["sub"] = "clients";
    EXPECT_TRUE(identity_of(answer, rules(), now));
}

TEST(Claims, RefuseAnEndlessChainOfActors)
{
    json act{{"sub", "x"}};
    for (int depth = 0; depth < 20; ++depth) act = {{"sub", "x"}, {"act", act}};
    auto answer = tsidp_answer();
    answer["act"] = act;
    EXPECT_EQ(identity_of(answer, rules(), now).error().code(), Errc::unauthenticated);
}

TEST(Claims, BlameTheServerForAnAnswerThatIsNone)
{
    for (const auto& answer :
         {json::object(), json{{"active", "true"}}, json::array(), json(true)}) {
        const auto identity = identity_of(answer, rules(), now);
        ASSERT_FALSE(identity) << answer;
        EXPECT_EQ(identity.error().code(), Errc::unreachable) << answer;
    }
}

}  // namespace
}  // namespace tailops::auth
