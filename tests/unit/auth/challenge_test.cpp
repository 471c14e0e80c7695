#include "auth/challenge.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::auth {
namespace {

using nlohmann::json;

constexpr auto url = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
const ChallengeTerms with_scopes{url, {"container:read", "system:read"}};
const ChallengeTerms without_scopes{url, {}};

TEST(Challenge, HasNoErrorWhenNoCredentialsWereSent)
{
    EXPECT_EQ(challenge(without_scopes), std::string{"Bearer resource_metadata=\""} + url + "\"");
    EXPECT_EQ(challenge(with_scopes), std::string{"Bearer resource_metadata=\""} + url +
                                          "\", scope=\"container:read system:read\"");
    EXPECT_EQ(challenge({}), "Bearer");
}

TEST(Challenge, SaysWhatIsWrongWithAToken)
{
    EXPECT_EQ(invalid_token_challenge(without_scopes, "the token has expired"),
              std::string{"Bearer error=\"invalid_token\", error_description=\"the token has "
                          "expired\", resource_metadata=\""} +
                  url + "\"");
}

TEST(Challenge, NamesAllScopesOfTheCallAtOnce)
{
    const auto text = insufficient_scope_challenge(with_scopes, {"container:write", "system:read"},
                                                   "the token lacks container:write");
    EXPECT_NE(text.find("error=\"insufficient_scope\""), std::string::npos);
    EXPECT_NE(text.find("scope=\"container:write system:read\""), std::string::npos);
    EXPECT_NE(text.find("resource_metadata="), std::string::npos);
    EXPECT_EQ(text.find("container:read"), std::string::npos);
}

TEST(Challenge, CannotBeBrokenByADescription)
{
    EXPECT_EQ(invalid_request_challenge({}, "a \"b\"\r\nSet-Cookie: c\\ \xC3\xA9"),
              "Bearer error=\"invalid_request\", error_description=\"a 'b'''Set-Cookie: c' ''\"");
}

struct HeaderRow {
    const char* name;
    net::HeaderList headers;
    const char* token;  // null: none; "!": malformed
};

class BearerHeader : public ::testing::TestWithParam<HeaderRow> {};

TEST_P(BearerHeader, IsReadOrRefused)
{
    const auto& [name, headers, wanted] = GetParam();
    const auto token = bearer_token(headers);
    if (wanted && std::string_view{wanted} == "!") {
        ASSERT_FALSE(token);
        EXPECT_EQ(token.error().code(), Errc::invalid_argument);
        return;
    }
    ASSERT_TRUE(token) << token.error().describe();
    ASSERT_EQ(token->has_value(), wanted != nullptr);
    if (wanted) {
        EXPECT_EQ((*token)->reveal(), wanted);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Bearer,
    BearerHeader,
    ::testing::Values(
        HeaderRow{"none", {{"Host", "a"}}, nullptr},
        HeaderRow{"plain", {{"Authorization", "Bearer abc"}}, "abc"},
        HeaderRow{"lower_case", {{"authorization", "bearer abc"}}, "abc"},
        HeaderRow{"upper_case", {{"AUTHORIZATION", "BEARER abc"}}, "abc"},
        HeaderRow{"spaces", {{"Authorization", " Bearer   abc "}}, "abc"},
        HeaderRow{"padded_hmac", {{"Authorization", "Bearer e30=.00"}}, "e30=.00"},
        HeaderRow{"twice", {{"Authorization", "Bearer a"}, {"authorization", "Bearer a"}}, "!"},
        HeaderRow{
            "two_schemes", {{"Authorization", "Basic a"}, {"Authorization", "Bearer a"}}, "!"},
        HeaderRow{"no_token", {{"Authorization", "Bearer"}}, "!"},
        HeaderRow{"only_a_space", {{"Authorization", "Bearer "}}, "!"},
        HeaderRow{"two_tokens", {{"Authorization", "Bearer a b"}}, "!"},
        HeaderRow{"control", {{"Authorization", "Bearer a\x01"}}, "!"},
        HeaderRow{"not_ascii", {{"Authorization", "Bearer \xC3\xA9"}}, "!"},
        HeaderRow{"empty", {{"Authorization", ""}}, nullptr},
        HeaderRow{"other_scheme", {{"Authorization", "Basic YTpi"}}, nullptr},
        HeaderRow{"longer_scheme", {{"Authorization", "Bearerx abc"}}, nullptr}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Bearer, IsNotTakenFromTheQuery)
{
    EXPECT_TRUE(has_query_token("access_token=x"));
    EXPECT_TRUE(has_query_token("a=b&access_token"));
    EXPECT_FALSE(has_query_token(""));
    EXPECT_FALSE(has_query_token("a=access_token&my_access_token=x"));
}

TEST(ProtectedResource, IsDescribedForClients)
{
    EXPECT_EQ(json::parse(protected_resource_metadata(
                  {.resource = "https://mcp.example.com/mcp",
                   .authorization_servers = {"https://auth.example.com"},
                   .scopes_supported = {"system:read", "offline_access"},
                   .name = "TailOps Gateway",
                   .documentation_url = {}})),
              (json{{"resource", "https://mcp.example.com/mcp"},
                    {"authorization_servers", json::array({"https://auth.example.com"})},
                    {"bearer_methods_supported", json::array({"header"})},
                    {"scopes_supported", json::array({"system:read"})},
                    {"resource_name", "TailOps Gateway"}}));
}

TEST(ProtectedResource, NamesNoScopesWhereTheServerIssuesNoneOfOurs)
{
    const auto text = protected_resource_metadata({.resource = "https://mcp.example.com/mcp",
                                                   .authorization_servers = {"https://idp.ts.net"},
                                                   .scopes_supported = {},
                                                   .name = {},
                                                   .documentation_url = {}});
    EXPECT_FALSE(json::parse(text).contains("scopes_supported"));
}

TEST(ProtectedResource, HasItsMetadataBeforeItsPath)
{
    EXPECT_EQ(resource_metadata_url("https://mcp.example.com/mcp"), url);
    EXPECT_EQ(resource_metadata_url("http://127.0.0.1:8080/a/mcp"),
              "http://127.0.0.1:8080/.well-known/oauth-protected-resource/a/mcp");
    EXPECT_EQ(resource_metadata_url("https://mcp.example.com"),
              "https://mcp.example.com/.well-known/oauth-protected-resource");
    EXPECT_FALSE(resource_metadata_url("mcp"));
}

}  // namespace
}  // namespace tailops::auth
