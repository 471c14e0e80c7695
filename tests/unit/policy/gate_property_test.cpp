#include "policy/coverage.hpp"
#include "policy/match.hpp"
#include "random_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tailops::policy {
namespace {

using namespace testing;

/// One seed per test case: a failure names the seed that shows it again.
class GateAlways : public ::testing::TestWithParam<unsigned> {
protected:
    RandomPolicy random{GetParam()};
};

TEST_P(GateAlways, DecidesAlikeInWhateverOrderTheRulesStand)
{
    auto rules = random.rules(12);
    const Gate gate{policy_of(rules)};
    for (int round = 0; round < 5; ++round) {
        std::ranges::shuffle(rules, random.engine());
        const Gate shuffled{policy_of(rules)};
        for (int i = 0; i < 40; ++i) {
            const auto request = random.request();
            const auto a = gate.decide(request).decision;
            const auto b = shuffled.decide(request).decision;
            ASSERT_EQ(a.effect, b.effect);
            ASSERT_EQ(a.why, b.why);
            ASSERT_EQ(a.rule, b.rule);
            ASSERT_EQ(a.obligations.timeout, b.obligations.timeout);
            ASSERT_EQ(a.obligations.output_limit_bytes, b.obligations.output_limit_bytes);
            ASSERT_EQ(a.obligations.dry_run, b.obligations.dry_run);
        }
    }
}

TEST_P(GateAlways, DecidesByTheStrongestOfTheRulesThatExplainCallsMatching)
{
    const Gate gate{policy_of(random.rules(60))};
    for (int i = 0; i < 200; ++i) {
        auto request = random.request();
        request.target.requires_approval = false;
        const auto [decision, lines] = gate.explain(request);
        ASSERT_EQ(lines.size(), 61U);
        if (!request.target.offers.contains(request.action) && request.action != gateway_read()) {
            continue;
        }
        int strongest = -1;
        for (const auto& line : lines) {
            if (line.matched) strongest = std::max(strongest, rank(line.effect));
        }
        ASSERT_EQ(decision.effect == Effect::deny && !decision.rule ? -1 : rank(decision.effect),
                  strongest)
            << "the index left a matching rule out";
    }
}

TEST_P(GateAlways, ListsWhatItAllows)
{
    const Gate gate{policy_of(random.rules(8))};
    for (int i = 0; i < 200; ++i) {
        const auto request = random.request();
        if (gate.decide(request).decision.effect == Effect::deny) continue;
        const auto& [principal, tool, action, tier, target, parameters, now] = request;
        ASSERT_TRUE(gate.could_allow(principal, tool, action, tier, target));
        ASSERT_TRUE(action == gateway_read() || gate.can_see(principal, target));
    }
}

TEST_P(GateAlways, NamesInItsOutlookWhateverDecidesACall)
{
    const Gate gate{policy_of(random.rules(8))};
    for (int i = 0; i < 200; ++i) {
        const auto request = random.request();
        const auto decision = gate.decide(request).decision;
        const auto outlook =
            gate.outlook(request.principal, request.action, request.tier, request.target);
        const bool is_named = std::ranges::any_of(
            outlook.conditions, [&](const auto& open) { return open.rule == decision.rule; });
        if (is_named) continue;
        ASSERT_EQ(decision.effect, outlook.decision.effect);
        if (decision.effect == Effect::deny) continue;  // of several, any may be the one named
        ASSERT_EQ(decision.rule, outlook.decision.rule);
        if (!outlook.conditions.empty()) continue;
        ASSERT_EQ(decision.obligations.timeout, outlook.decision.obligations.timeout);
        ASSERT_EQ(decision.obligations.dry_run, outlook.decision.obligations.dry_run);
    }
}

TEST_P(GateAlways, NeverDecidesByARuleThatAnotherCovers)
{
    const auto rules = random.rules(150);
    std::vector<std::pair<const Rule*, const Rule*>> covered;
    for (const auto& stronger : rules) {
        for (const auto& weaker : rules) {
            if (covers(stronger, weaker)) covered.emplace_back(&stronger, &weaker);
        }
    }
    for (int i = 0; i < 300; ++i) {
        const auto request = random.request();
        const auto key = request.principal.identity.key();
        const Question question{.principal = request.principal,
                                .principal_key = key,
                                .tool = &request.tool,
                                .action = request.action,
                                .tier = request.tier,
                                .target = request.target,
                                .parameters = &request.parameters};
        for (const auto& [stronger, weaker] : covered) {
            if (match(*weaker, question).fit != Fit::yes) continue;
            ASSERT_EQ(match(*stronger, question).fit, Fit::yes)
                << stronger->id.view() << " was said to cover " << weaker->id.view();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GateAlways, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace tailops::policy
