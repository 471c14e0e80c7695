#include "policy/match.hpp"

#include "requests.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

struct Row {
    const char* name;
    void (*clause)(Rule&);
    void (*neighbour)(AccessRequest&);  // what makes the same clause not match
    const char* why;
};

const Row rows[] = {
    {"capability", [](Rule& r) { r.capabilities = {container_write}; },
     [](AccessRequest& q) { q.action = container_read; },
     "is not about capability \"container:read\""},
    {"tool", [](Rule& r) { r.tools = {"manage_container"}; },
     [](AccessRequest& q) { q.tool = ToolName{"inspect_container"}; },
     "is not about tool \"inspect_container\""},
    {"tier", [](Rule&) {}, [](AccessRequest& q) { q.tier = Tier::admin; },
     "covers tiers from observe to control; the call is admin"},
    {"subject_by_sub", [](Rule& r) { r.principals.subjects = {"u-1"}; },
     [](AccessRequest& q) { q.principal.identity.subject = SubjectId{"u-2"}; },
     "is not about subject \"u-2\""},
    {"subject_by_name", [](Rule& r) { r.principals.subjects = {"alice@example.com"}; },
     [](AccessRequest& q) { q.principal.identity.name = "alice@example.org"; },
     "is not about subject \"u-1\""},
    {"subject_by_key", [](Rule& r) { r.principals.subjects = {"https://idp.example|u-1"}; },
     [](AccessRequest& q) { q.principal.identity.issuer = "https://other.example"; },
     "is not about subject \"u-1\""},
    {"subject_by_a_name_with_a_bar",
     [](Rule& r) { r.principals.subjects = {"https://idp.example|u-1"}; },
     [](AccessRequest& q) {
         q.principal.identity.issuer = "https://other.example";
         q.principal.identity.name = "https://idp.example|u-1";
     },
     "is not about subject \"u-1\""},
    {"role", [](Rule& r) { r.principals.roles = {"operator", "admin"}; },
     [](AccessRequest& q) { q.principal.roles = {"viewer"}; },
     "is for roles \"admin\", \"operator\"; the caller has \"viewer\""},
    {"group", [](Rule& r) { r.principals.groups = {"ops"}; },
     [](AccessRequest& q) { q.principal.identity.groups = {}; },
     "is for groups \"ops\"; the caller has none"},
    {"client", [](Rule& r) { r.principals.clients = {"claude"}; },
     [](AccessRequest& q) { q.principal.identity.client_id = ""; }, "is not about client \"\""},
    {"actor", [](Rule& r) { r.principals.actors = {"agent"}; },
     [](AccessRequest& q) { q.principal.identity.actors = {"other", "agent"}; },
     "is about actors \"agent\"; \"other\" acts for the caller"},
    {"any_actor", [](Rule& r) { r.principals.actors = {"*"}; },
     [](AccessRequest& q) { q.principal.identity.actors = {}; },
     "is about actors \"*\"; nobody acts for the caller"},
    {"target", [](Rule& r) { r.targets.ids = {"web-01"}; },
     [](AccessRequest& q) { q.target.id = TargetId{"web-02"}; }, "is not about target \"web-02\""},
    {"target_glob", [](Rule& r) { r.targets.ids = {"web-*"}; },
     [](AccessRequest& q) { q.target.id = TargetId{"my-web-01"}; },
     "is not about target \"my-web-01\""},
    {"tag", [](Rule& r) { r.targets.tags = {"docker", "arm"}; },
     [](AccessRequest& q) { q.target.tags = {"web"}; },
     "is for tags \"arm\", \"docker\"; the target has \"web\""},
    {"environment", [](Rule& r) { r.targets.environments = {"production"}; },
     [](AccessRequest& q) { q.target.environment = "lab"; },
     "is for environments \"production\"; the target is in \"lab\""},
    {"parameter", [](Rule& r) { r.parameters["name"].one_of = {Value{"web"}, Value{"db"}}; },
     [](AccessRequest& q) { q.parameters["name"] = Value{"mail"}; },
     "parameter \"name\" does not meet one_of"},
    {"parameter_absent", [](Rule& r) { r.parameters["name"].one_of = {Value{"web"}, Value{"db"}}; },
     [](AccessRequest& q) { q.parameters.erase("name"); }, "parameter \"name\" is absent"},
};

class MatchClause : public ::testing::TestWithParam<Row> {};

TEST_P(MatchClause, MatchesAndItsNeighbourDoesNot)
{
    auto r = rule("r", Effect::allow);
    GetParam().clause(r);
    const Gate gate{policy_of({r})};
    auto request = ask();
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::allow);
    EXPECT_EQ(gate.explain(request).rules.front().why, "matches");

    GetParam().neighbour(request);
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::deny);
    const auto lines = gate.explain(request).rules;
    EXPECT_FALSE(lines.front().matched);
    EXPECT_EQ(lines.front().why, GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(Table, MatchClause, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

TEST(Match, AScopeClauseNeedsATokenWithScopes)
{
    auto r = rule("r", Effect::allow);
    r.principals.scopes = {"container:write"};
    const Gate gate{policy_of({r})};
    auto request = ask();
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::deny) << "rights come from roles";
    request.principal.identity.scopes = {"container:write", "openid"};
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::allow);
    request.principal.identity.scopes = {"container:read"};
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::deny);
}

TEST(Match, ADenialOfActorsIsForThoseWhoActNowAndNobodyElse)
{
    auto denial = rule("no-delegation", Effect::deny);
    denial.principals.actors = {"agent", "client:ci"};
    const Gate gate{policy_of({rule("r", Effect::allow), denial})};
    auto request = ask();
    const auto decided = [&](std::vector<std::string> actors) {
        request.principal.identity.actors = std::move(actors);
        return gate.decide(request).decision.effect;
    };
    EXPECT_EQ(decided({"agent"}), Effect::deny);
    EXPECT_EQ(decided({"client:ci", "other"}), Effect::deny);
    EXPECT_EQ(decided({"other", "agent"}), Effect::allow) << "who acted before is told, not judged";
    EXPECT_EQ(decided({}), Effect::allow);
}

TEST(Match, EveryNonEmptyClauseMustMatch)
{
    auto r = rule("r", Effect::allow);
    r.principals.roles = {"operator"};
    r.principals.groups = {"on-call"};
    const Gate gate{policy_of({r})};
    auto request = ask();
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::deny);
    request.principal.identity.groups.insert("on-call");
    EXPECT_EQ(gate.decide(request).decision.effect, Effect::allow);
}

TEST(Match, AnUnknownArgumentOpensNothingAndEscapesNothing)
{
    for (const auto effect : {Effect::deny, Effect::require_approval, Effect::dry_run_only}) {
        auto guard = rule("guard", effect);
        guard.parameters["name"].equals = Value{"db"};
        const Gate gate{policy_of({rule("r", Effect::allow), guard})};
        auto request = ask();
        EXPECT_EQ(gate.decide(request).decision.effect, Effect::allow) << "a known other value";
        request.parameters["name"] = Value{std::int64_t{7}};
        EXPECT_EQ(gate.decide(request).decision.effect, effect) << "another type";
        request.parameters.erase("name");
        EXPECT_EQ(gate.decide(request).decision.effect, effect) << "absent";
    }
}

/// "name" is "db", which the caller called "4f1c".
AccessRequest ask_for_db_by_its_id()
{
    auto request = ask();
    request.parameters["name"] = Value{"db"};
    request.aliases["name"] = {.same = {}, .others = {"4f1c", "4f1c9e2a"}, .any_case = false};
    return request;
}

TEST(Match, ADenialHoldsWhateverTheThingIsCalled)
{
    const auto allow = rule("a", Effect::allow);
    for (const auto& [name, is_denied] : std::map<std::string, bool>{
             {"db", true}, {"4f1c", true}, {"4f1c9e2a", true}, {"web", false}}) {
        auto deny = rule("n", Effect::deny);
        deny.parameters["name"].equals = Value{name};
        const Gate gate{policy_of({allow, deny})};
        EXPECT_EQ(gate.decide(ask_for_db_by_its_id()).decision.effect == Effect::deny, is_denied)
            << name;
    }
}

TEST(Match, AnAllowingRuleIsHeldAgainstTheNameAndWaysToWriteIt)
{
    auto request = ask_for_db_by_its_id();
    request.aliases["name"].same = {"db.container"};
    for (const auto& [name, is_allowed] : std::map<std::string, bool>{
             {"db", true}, {"db.container", true}, {"4f1c", false}, {"web", false}}) {
        auto allow = rule("a", Effect::allow);
        allow.parameters["name"].equals = Value{name};
        const auto effect = Gate{policy_of({allow})}.decide(request).decision.effect;
        EXPECT_EQ(effect == Effect::allow, is_allowed) << name;
    }
}

TEST(Match, OnlyDenialsTakeLettersOfAnyCase)
{
    auto request = ask();
    request.parameters["name"] = Value{"/ADMIN/y"};
    request.aliases["name"] = {.same = {}, .others = {}, .any_case = true};
    const auto under_admin = [](Rule made) {
        made.parameters["name"].path_under = {"/admin"};
        return made;
    };
    EXPECT_EQ(
        Gate{policy_of({under_admin(rule("a", Effect::allow))})}.decide(request).decision.effect,
        Effect::deny);
    const Gate denying{policy_of({rule("a", Effect::allow), under_admin(rule("n", Effect::deny))})};
    EXPECT_EQ(denying.decide(request).decision.effect, Effect::deny);
    request.parameters["name"] = Value{"/administrators"};
    EXPECT_EQ(denying.decide(request).decision.effect, Effect::allow);
}

TEST(Match, ExplainNeverShowsAnArgument)
{
    auto r = rule("r", Effect::allow);
    r.parameters["name"].equals = Value{"db"};
    auto request = ask();
    request.parameters["name"] = Value{"s3cret"};
    for (const auto& line : Gate{policy_of({r})}.explain(request).rules) {
        EXPECT_EQ(line.why.find("s3cret"), std::string::npos);
    }
}

}  // namespace
}  // namespace tailops::policy
