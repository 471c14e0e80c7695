#include "requests.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

bool could(const Gate& gate, const AccessRequest& q)
{
    return gate.could_allow(q.principal, q.tool, q.action, q.tier, q.target);
}

TEST(CouldAllow, LooksAtEverythingButParameters)
{
    auto r = rule("r", Effect::allow);
    r.parameters["name"].equals = Value{"db"};
    r.tools = {"manage_container"};
    const Gate gate{policy_of({r})};
    EXPECT_TRUE(could(gate, ask())) << "another name could be asked for";

    auto request = ask();
    request.tier = Tier::admin;
    EXPECT_FALSE(could(gate, request));
    request = ask();
    request.tool = ToolName{"inspect_container"};
    EXPECT_FALSE(could(gate, request));
    request = ask();
    request.target.offers.clear();
    EXPECT_FALSE(could(gate, request));
    request = ask();
    request.principal.capabilities.clear();
    EXPECT_FALSE(could(gate, request));
}

TEST(CouldAllow, ApprovalAndDryRunAreNotRefusals)
{
    EXPECT_TRUE(could(Gate{policy_of({rule("a", Effect::require_approval)})}, ask()));
    EXPECT_TRUE(could(Gate{policy_of({rule("d", Effect::dry_run_only)})}, ask()));
    EXPECT_FALSE(could(Gate{policy_of({})}, ask()));
}

TEST(CouldAllow, OnlyACertainDenialHides)
{
    auto sure = rule("no", Effect::deny);
    EXPECT_FALSE(could(Gate{policy_of({rule("r", Effect::allow), sure})}, ask()));
    sure.parameters["name"].equals = Value{"db"};
    EXPECT_TRUE(could(Gate{policy_of({rule("r", Effect::allow), sure})}, ask()));
}

TEST(CouldAllow, GatewayReadIsEverybodysUnderAnEmptyPolicy)
{
    const Gate gate{policy_of({})};
    auto request = ask();
    request.principal = gate.admit(alice());
    request.tool = ToolName{"whoami"};
    request.action = gateway_read();
    request.tier = Tier::observe;
    EXPECT_TRUE(could(gate, request));
    EXPECT_TRUE(gate.decide(request).permit);
}

Effect mildest(std::vector<Rule> rules, AccessRequest q = ask())
{
    return Gate{policy_of(std::move(rules))}.mildest(q.principal, q.tool, q.action, q.tier,
                                                     q.target);
}

Rule on_name(Rule rule)
{
    rule.parameters["name"].equals = Value{"db"};
    return rule;
}

TEST(Mildest, IsWhatSomeArgumentsWouldComeTo)
{
    const auto allow = rule("a", Effect::allow);
    const auto ask_first = rule("q", Effect::require_approval);
    const auto dry = rule("d", Effect::dry_run_only);
    EXPECT_EQ(mildest({}), Effect::deny);
    EXPECT_EQ(mildest({allow}), Effect::allow);
    EXPECT_EQ(mildest({allow, dry}), Effect::dry_run_only);
    EXPECT_EQ(mildest({allow, dry, ask_first}), Effect::require_approval);
    EXPECT_EQ(mildest({allow, on_name(ask_first)}), Effect::allow) << "of another name";
    EXPECT_EQ(mildest({on_name(allow), on_name(dry)}), Effect::allow);
    EXPECT_EQ(mildest({on_name(allow), dry}), Effect::dry_run_only) << "of every name";
    EXPECT_EQ(mildest({on_name(rule("n", Effect::deny))}), Effect::deny);
}

TEST(Mildest, CountsTheTargetsOwnWish)
{
    auto q = ask();
    q.target.requires_approval = true;
    EXPECT_EQ(mildest({rule("a", Effect::allow)}, q), Effect::require_approval);
    q.tier = Tier::observe;
    EXPECT_EQ(mildest({rule("a", Effect::allow)}, q), Effect::allow);
}

TEST(GateDecides, NotMilderThanItIsAskedTo)
{
    const Gate gate{policy_of({rule("a", Effect::allow)})};
    auto q = ask();
    EXPECT_EQ(gate.decide(q).decision.effect, Effect::allow);
    q.mildest = Effect::dry_run_only;
    const auto dry = gate.decide(q);
    EXPECT_EQ(dry.decision.effect, Effect::dry_run_only);
    EXPECT_EQ(dry.decision.why,
              "rule a alone says allow; all else you may do on target \"web-01\" is a dry run");
    ASSERT_TRUE(dry.permit);
    EXPECT_TRUE(dry.permit->obligations().dry_run);
    for (const auto effect : {Effect::require_approval, Effect::deny}) {
        q.mildest = effect;
        const auto held = gate.decide(q);
        EXPECT_EQ(held.decision.effect, effect);
        EXPECT_EQ(held.decision.rule.has_value(), effect != Effect::deny) << "no rule denies it";
        EXPECT_FALSE(held.permit);
    }
    // A refusal stays the refusal that it is.
    q.mildest = Effect::require_approval;
    EXPECT_EQ(Gate{policy_of({})}.decide(q).decision.why, "no rule matched");
}

TEST(DependsOn, AParameterOfWhichSomeRuleThatAppliesSpeaks)
{
    const auto depends = [](std::vector<Rule> rules, const AccessRequest& q = ask()) {
        return Gate{policy_of(std::move(rules))}.depends_on(q, "name");
    };
    const auto allow = rule("a", Effect::allow);
    const auto deny = on_name(rule("n", Effect::deny));
    EXPECT_TRUE(depends({allow, deny}));
    EXPECT_TRUE(depends({on_name(allow)}));
    EXPECT_FALSE(depends({allow})) << "no rule speaks of it";
    auto elsewhere = deny;
    elsewhere.targets.ids = {"db-01"};
    EXPECT_FALSE(depends({allow, elsewhere}));
    auto of_others = deny;
    of_others.principals.subjects = {"mallory"};
    EXPECT_FALSE(depends({allow, of_others}));
    EXPECT_FALSE(depends({deny})) << "refused whatever the name";
    EXPECT_FALSE(depends({allow, deny, rule("all", Effect::deny)})) << "refused whatever the name";
    auto q = ask();
    q.now = q.principal.identity.expires;
    EXPECT_FALSE(depends({allow, deny}, q)) << "the token has expired";
    q = ask();
    q.principal.capabilities.clear();
    EXPECT_FALSE(depends({allow, deny}, q));
}

TEST(DependsOn, OnlyThenThereIsAPermitToLook)
{
    const auto allow = rule("a", Effect::allow);
    const Gate plain{policy_of({allow})};
    EXPECT_FALSE(plain.permit_to_look_up(ask(), "name"));
    const Gate telling{policy_of({allow, on_name(rule("n", Effect::deny))})};
    const auto permit = telling.permit_to_look_up(ask(), "name");
    ASSERT_TRUE(permit);
    EXPECT_EQ(permit->target(), TargetId{"web-01"});
    EXPECT_FALSE(telling.permit_to_look_up(ask(), "action"));
}

TEST(Outlook, NamesAConditionOnce)
{
    // Two names of the caller, and so two ways to the rule.
    auto r = on_name(rule("two", Effect::allow));
    r.principals.subjects = {"u-1", "alice@example.com"};
    auto other = r;
    other.id = RuleId{"other"};
    other.principals.subjects = {"u-1"};
    const Gate gate{policy_of({r, other})};
    const auto q = ask();
    const auto outlook = gate.outlook(q.principal, q.action, q.tier, q.target);
    ASSERT_EQ(outlook.conditions.size(), 2U);
    EXPECT_EQ(outlook.conditions[0].rule, RuleId{"other"});
    EXPECT_EQ(outlook.conditions[1].rule, RuleId{"two"});
}

}  // namespace
}  // namespace tailops::policy
