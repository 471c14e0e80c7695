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

TEST(CanSee, ATargetShowsWhenSomethingCouldBeDoneThere)
{
    auto request = ask();
    EXPECT_FALSE(Gate{policy_of({})}.can_see(request.principal, request.target));
    EXPECT_TRUE(
        Gate{policy_of({rule("r", Effect::allow)})}.can_see(request.principal, request.target));
    request.principal.capabilities = {gateway_read()};
    EXPECT_FALSE(
        Gate{policy_of({rule("r", Effect::allow)})}.can_see(request.principal, request.target));
}

TEST(CanSee, GatewayReadShowsTheGatewayAndNoMachine)
{
    const Gate gate{policy_of({})};
    const auto principal = gate.admit(alice());
    auto facts = ask().target;
    facts.offers.insert(gateway_read());
    EXPECT_FALSE(gate.can_see(principal, facts));
    facts.id = gateway_target;
    EXPECT_TRUE(gate.can_see(principal, facts));
}

TEST(CanSee, ADeniedTargetIsHidden)
{
    auto no = rule("no", Effect::deny);
    no.targets.tags = {"web"};
    const Gate gate{policy_of({rule("r", Effect::allow), no})};
    auto request = ask();
    EXPECT_FALSE(gate.can_see(request.principal, request.target));
    request.target.tags = {"docker"};
    EXPECT_TRUE(gate.can_see(request.principal, request.target));
}

TEST(CanSee, ATargetOfWhichTheOnlyToolIsDeniedIsHidden)
{
    auto yes = rule("yes", Effect::allow);
    yes.tools = {"manage_container"};
    auto no = rule("no", Effect::deny);
    no.tools = {"manage_container"};
    const auto request = ask();
    EXPECT_FALSE(Gate{policy_of({yes, no})}.can_see(request.principal, request.target));
    no.tools = {"inspect_container"};
    EXPECT_TRUE(Gate{policy_of({yes, no})}.can_see(request.principal, request.target));
}

TEST(CanSee, ARuleThatBeginsAboveObserveCounts)
{
    auto r = rule("r", Effect::allow);
    r.at_least = Tier::control;
    const auto request = ask();
    EXPECT_TRUE(Gate{policy_of({r})}.can_see(request.principal, request.target));
}

}  // namespace
}  // namespace tailops::policy
