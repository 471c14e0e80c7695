#include "policy/gate.hpp"

#include "requests.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

struct Case {
    const char* name;
    std::vector<Rule> rules;
    void (*change)(AccessRequest&);
    Effect want;
    const char* why;
};

Rule with_reason(Rule r, const char* reason)
{
    r.reason = reason;
    return r;
}

Rule up_to(Rule r, Tier tier)
{
    r.at_most = tier;
    return r;
}

Rule from(Rule r, Tier tier)
{
    r.at_least = tier;
    return r;
}

const auto allow_r = rule("r", Effect::allow);
void nothing(AccessRequest&) {}

// Each row changes one thing from a request that the bare rule "r" allows.
const Case cases[] = {
    {"no_rules", {}, nothing, Effect::deny, "no rule matched"},
    {"allow", {allow_r}, nothing, Effect::allow, "decided by rule r"},
    {"deny_beats_allow",
     {allow_r, with_reason(rule("freeze", Effect::deny), "the shop is open")},
     nothing,
     Effect::deny,
     "decided by rule freeze: the shop is open"},
    {"deny_beats_approval",
     {rule("ask", Effect::require_approval), rule("freeze", Effect::deny)},
     nothing,
     Effect::deny,
     "decided by rule freeze"},
    {"approval_beats_dry_run",
     {rule("dry", Effect::dry_run_only), rule("ask", Effect::require_approval)},
     nothing,
     Effect::require_approval,
     "decided by rule ask"},
    {"dry_run_beats_allow",
     {allow_r, rule("dry", Effect::dry_run_only)},
     nothing,
     Effect::dry_run_only,
     "decided by rule dry"},
    {"at_the_ceiling",
     {allow_r},
     [](auto& q) { q.tier = Tier::control; },
     Effect::allow,
     "decided by rule r"},
    {"above_the_ceiling",
     {allow_r},
     [](auto& q) { q.tier = Tier::admin; },
     Effect::deny,
     "no rule matched"},
    {"a_denying_rule_has_no_ceiling",
     {up_to(allow_r, Tier::admin), up_to(rule("no", Effect::deny), Tier::observe)},
     [](auto& q) { q.tier = Tier::admin; },
     Effect::deny,
     "decided by rule no"},
    {"at_the_floor",
     {allow_r, from(rule("ask", Effect::require_approval), Tier::control)},
     nothing,
     Effect::require_approval,
     "decided by rule ask"},
    {"below_the_floor",
     {allow_r, from(rule("ask", Effect::require_approval), Tier::control)},
     [](auto& q) { q.tier = Tier::observe; },
     Effect::allow,
     "decided by rule r"},
    {"alive_just_before_expiry",
     {allow_r},
     [](auto& q) { q.now = q.principal.identity.expires - 1ns; },
     Effect::allow,
     "decided by rule r"},
    {"expired_at_the_instant",
     {allow_r},
     [](auto& q) { q.now = q.principal.identity.expires; },
     Effect::deny,
     "the token has expired"},
    {"no_role_grants_it",
     {allow_r},
     [](auto& q) { q.principal.capabilities.erase(container_write); },
     Effect::deny,
     "no role of yours grants \"container:write\""},
    {"the_token_lacks_the_scope",
     {allow_r},
     [](auto& q) {
         q.principal.identity.scopes = {"container:read"};
         q.principal.capabilities.erase(container_write);
     },
     Effect::deny,
     "the token lacks the scope \"container:write\""},
    {"not_offered",
     {allow_r},
     [](auto& q) { q.target.offers.erase(container_write); },
     Effect::deny,
     "target \"web-01\" does not offer container:write"},
    {"expiry_is_told_before_scope",
     {allow_r},
     [](auto& q) {
         q.now = q.principal.identity.expires;
         q.principal.capabilities.clear();
     },
     Effect::deny,
     "the token has expired"},
    {"the_target_asks_for_approval",
     {allow_r},
     [](auto& q) { q.target.requires_approval = true; },
     Effect::require_approval,
     "decided by rule r; target \"web-01\" asks for approval"},
    {"no_approval_for_looking",
     {allow_r},
     [](auto& q) {
         q.target.requires_approval = true;
         q.tier = Tier::observe;
     },
     Effect::allow,
     "decided by rule r"},
    {"a_target_that_asks_opens_nothing",
     {},
     [](auto& q) { q.target.requires_approval = true; },
     Effect::deny,
     "no rule matched"},
    {"gateway_read_needs_no_rule",
     {},
     [](auto& q) {
         q.action = gateway_read();
         q.tier = Tier::observe;
     },
     Effect::allow,
     "decided by rule gateway-self"},
    {"gateway_read_above_observe_needs_one",
     {},
     [](auto& q) { q.action = gateway_read(); },
     Effect::deny,
     "no rule matched"},
    {"gateway_read_can_be_denied",
     {rule("silence", Effect::deny)},
     [](auto& q) {
         q.action = gateway_read();
         q.tier = Tier::observe;
     },
     Effect::deny,
     "decided by rule silence"},
};

class GateDecides : public ::testing::TestWithParam<Case> {};

TEST_P(GateDecides, AsTheTableSays)
{
    const auto& row = GetParam();
    auto request = ask();
    row.change(request);
    const auto [decision, permit] = Gate{policy_of(row.rules)}.decide(request);
    EXPECT_EQ(to_string(decision.effect), to_string(row.want));
    EXPECT_EQ(decision.why, row.why);
    const bool runs = row.want == Effect::allow || row.want == Effect::dry_run_only;
    EXPECT_EQ(permit.has_value(), runs);
    EXPECT_EQ(decision.obligations.dry_run, row.want == Effect::dry_run_only);
}

INSTANTIATE_TEST_SUITE_P(Table, GateDecides, ::testing::ValuesIn(cases), [](const auto& row) {
    return row.param.name;
});

// "Execute without asking" must not compile.
static_assert(!std::is_default_constructible_v<Permit>);
static_assert(!std::is_copy_constructible_v<Permit>);
static_assert(!std::is_copy_assignable_v<Permit>);
static_assert(std::is_move_constructible_v<Permit>);
static_assert(!std::is_constructible_v<Permit, TargetId, Capability, Obligations>);
static_assert(!std::is_aggregate_v<Permit>);

TEST(Gate, ThePermitSaysWhatWasDecided)
{
    auto r = rule("r", Effect::allow);
    r.obligations = {.timeout = 7s, .output_limit_bytes = 100, .dry_run = false};
    const auto verdict = Gate{policy_of({r})}.decide(ask());
    ASSERT_TRUE(verdict.permit);
    EXPECT_EQ(verdict.permit->target(), TargetId{"web-01"});
    EXPECT_EQ(verdict.permit->action(), container_write);
    EXPECT_EQ(verdict.permit->obligations().timeout, 7s);
    EXPECT_EQ(verdict.permit->obligations().output_limit_bytes, 100U);
    EXPECT_EQ(verdict.decision.rule, RuleId{"r"});
}

TEST(Gate, EqualRulesCombineTheirObligationsAndTheSmallestIdIsNamed)
{
    auto quick = rule("quick", Effect::allow);
    quick.obligations = {.timeout = 5s, .output_limit_bytes = 9000, .dry_run = false};
    auto brief = rule("brief", Effect::allow);
    brief.obligations = {.timeout = 60s, .output_limit_bytes = 10, .dry_run = true};
    auto approval = rule("a", Effect::require_approval);
    approval.at_least = Tier::admin;  // does not match
    approval.at_most = Tier::admin;
    for (const auto& rules : {std::vector{quick, brief, approval}, {approval, brief, quick}}) {
        const auto decision = Gate{policy_of(rules)}.decide(ask()).decision;
        EXPECT_EQ(decision.rule, RuleId{"brief"});
        EXPECT_EQ(decision.obligations.timeout, 5s);
        EXPECT_EQ(decision.obligations.output_limit_bytes, 10U);
        EXPECT_TRUE(decision.obligations.dry_run);
    }
}

TEST(Gate, AWeakerRuleAddsNoObligations)
{
    auto weak = rule("weak", Effect::allow);
    weak.obligations.timeout = 1s;
    auto strong = rule("strong", Effect::dry_run_only);
    strong.obligations.timeout = 20s;
    const auto decision = Gate{policy_of({weak, strong})}.decide(ask()).decision;
    EXPECT_EQ(decision.obligations.timeout, 20s);
}

TEST(Gate, KnowsItsPolicyAndVersion)
{
    const Gate gate{policy_of({allow_r})};
    EXPECT_EQ(gate.version(), "v");
    ASSERT_EQ(gate.policy().rules.size(), 1U);
}

}  // namespace
}  // namespace tailops::policy
