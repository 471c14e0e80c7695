#include "policy/roles.hpp"
#include "requests.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

Role operators()
{
    Role role;
    role.name = "operator";
    role.scopes = {"container:write"};
    return role;
}

struct Row {
    const char* name;
    void (*member)(Role&);
    bool is_member;
};

const Row rows[] = {
    {"by_sub", [](Role& r) { r.subjects = {"u-1"}; }, true},
    {"by_other_sub", [](Role& r) { r.subjects = {"u-10"}; }, false},
    {"by_name", [](Role& r) { r.subjects = {"alice@example.com"}; }, true},
    {"by_name_in_other_case", [](Role& r) { r.subjects = {"Alice@example.com"}; }, false},
    {"by_key", [](Role& r) { r.subjects = {"https://idp.example|u-1"}; }, true},
    {"by_key_of_another_issuer", [](Role& r) { r.subjects = {"https://evil.example|u-1"}; }, false},
    {"by_key_of_a_sub_with_a_bar", [](Role& r) { r.subjects = {"idp|u-1"}; }, false},
    {"by_group", [](Role& r) { r.groups = {"ops", "dev"}; }, true},
    {"by_other_group", [](Role& r) { r.groups = {"op"}; }, false},
    {"by_client", [](Role& r) { r.clients = {"claude"}; }, true},
    {"by_other_client", [](Role& r) { r.clients = {"vscode"}; }, false},
    {"by_nothing", [](Role&) {}, false},
};

class AdmitRole : public ::testing::TestWithParam<Row> {};

TEST_P(AdmitRole, AsTheTableSays)
{
    auto role = operators();
    GetParam().member(role);
    Policy policy;
    policy.roles = {role};
    const auto principal = Gate{policy}.admit(alice());
    EXPECT_EQ(principal.roles.contains("operator"), GetParam().is_member);
    EXPECT_EQ(principal.capabilities.contains(container_write), GetParam().is_member);
    EXPECT_TRUE(principal.capabilities.contains(gateway_read()));
}

INSTANTIATE_TEST_SUITE_P(Table, AdmitRole, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

Policy roles_of_alice()
{
    Policy policy;
    auto viewer = operators();
    viewer.name = "viewer";
    viewer.groups = {"ops"};
    viewer.scopes = {"system:read"};
    auto operating = operators();
    operating.subjects = {"u-1"};
    policy.roles = {viewer, operating};
    return policy;
}

TEST(Admit, RightsAreThoseOfAllRolesTogether)
{
    const auto principal = Gate{roles_of_alice()}.admit(alice());
    EXPECT_EQ(principal.roles, (std::set<std::string>{"operator", "viewer"}));
    EXPECT_EQ(principal.capabilities,
              (CapabilitySet{container_read, container_write, gateway_read(), system_read}));
    EXPECT_EQ(principal.identity.key(), alice().key());
}

TEST(Admit, ATokenWithScopesHasItsScopesAlone)
{
    auto identity = alice();
    identity.scopes = {"openid", "container:read"};
    const auto principal = Gate{roles_of_alice()}.admit(identity);
    EXPECT_EQ(principal.capabilities, (CapabilitySet{container_read, gateway_read()}));
    EXPECT_EQ(principal.roles, (std::set<std::string>{"operator", "viewer"}))
        << "rules still know the roles";
}

TEST(Admit, ATokenThatAskedForLessCanNeverDoMore)
{
    auto identity = alice();
    identity.scopes = {"openid"};
    EXPECT_EQ(Gate{roles_of_alice()}.admit(identity).capabilities, CapabilitySet{gateway_read()});
    identity.scopes = std::set<std::string>{};
    EXPECT_EQ(Gate{roles_of_alice()}.admit(identity).capabilities, CapabilitySet{gateway_read()});
}

TEST(Admit, ANameWithABarIsNobodyElses)
{
    auto role = operators();
    role.subjects = {"local|alice"};
    Policy policy;
    policy.roles = {role};
    const Gate gate{policy};
    const auto is_member = [&](auth::Identity identity) {
        return gate.admit(std::move(identity)).roles.contains("operator");
    };
    auth::Identity real;
    real.issuer = "local";
    real.subject = SubjectId{"alice"};
    real.name = "alice";
    EXPECT_TRUE(is_member(real));
    auto by_name = alice();
    by_name.name = "local|alice";
    EXPECT_FALSE(is_member(by_name)) << "a name that its holder chose at another issuer";
    auto by_sub = alice();
    by_sub.subject = SubjectId{"local|alice"};
    EXPECT_FALSE(is_member(by_sub));
}

TEST(Admit, ASubWithABarIsWrittenWithItsIssuer)
{
    auto role = operators();
    auto identity = alice();
    identity.subject = SubjectId{"auth0|123"};
    identity.name = "ann";
    for (const auto& [member, fits] : std::map<std::string, bool>{
             {"https://idp.example|auth0|123", true}, {"auth0|123", false}, {"ann", true}}) {
        role.subjects = {member};
        Policy policy;
        policy.roles = {role};
        EXPECT_EQ(Gate{policy}.admit(identity).roles.contains("operator"), fits) << member;
    }
}

TEST(Admit, AnAbsentClientIsNobodysMember)
{
    auto role = operators();
    role.clients = {""};
    auto identity = alice();
    identity.client_id.clear();
    EXPECT_TRUE(admit(identity, std::vector{role}).roles.empty());
}

TEST(Admit, KnowsOurScopes)
{
    for (const auto* scope : {"admin", "readonly", "container:write", "gateway:read"}) {
        EXPECT_TRUE(is_our_scope(scope)) << scope;
    }
    for (const auto* scope : {"", "openid", "container:*", "container", "Admin"}) {
        EXPECT_FALSE(is_our_scope(scope)) << scope;
    }
}

}  // namespace
}  // namespace tailops::policy
