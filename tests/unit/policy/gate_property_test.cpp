#include "policy/constraint.hpp"
#include "policy/coverage.hpp"
#include "policy/match.hpp"
#include "policy/possible.hpp"
#include "policy/roles.hpp"
#include "random_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

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
            auto request = random.request();
            request.aliases = random.aliases();
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

/// Borrows both.
Question question_of(const AccessRequest& request, const std::string& key)
{
    return {.principal = request.principal,
            .principal_key = key,
            .tool = &request.tool,
            .action = request.action,
            .tier = request.tier,
            .target = request.target,
            .parameters = &request.parameters,
            .aliases = &request.aliases};
}

std::string small(std::string text)
{
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// The constraint as it reads to somebody who does not tell capital letters from small ones. Its
/// pattern has small letters only.
Constraint small(Constraint constraint)
{
    const auto shrink = [](Value& value) {
        if (auto* text = std::get_if<std::string>(&value)) *text = small(*text);
    };
    if (constraint.equals) shrink(*constraint.equals);
    for (auto& choice : constraint.one_of) shrink(choice);
    for (auto& directory : constraint.path_under) directory = small(directory);
    return constraint;
}

/// What docs/policy.md says of a condition, one spelling after the other.
bool naively_met(const Rule& rule, const Constraint& constraint, const AccessRequest& request)
{
    const bool allows = rule.effect == Effect::allow;
    const auto at = request.parameters.find("name");
    if (at == request.parameters.end()) return !allows;
    std::vector<Value> spellings{at->second};
    const auto known = request.aliases.find("name");
    const auto aliases = known == request.aliases.end() ? Aliases{} : known->second;
    for (const auto& name : aliases.same) spellings.emplace_back(name);
    if (allows) {
        return std::ranges::any_of(spellings, [&](const Value& value) {
            return evaluate(constraint, &value).truth == Truth::yes;
        });
    }
    for (const auto& name : aliases.others) spellings.emplace_back(name);
    return std::ranges::any_of(spellings, [&](const Value& value) {
        if (evaluate(constraint, &value).truth != Truth::no) return true;
        const auto* text = std::get_if<std::string>(&value);
        if (!aliases.any_case || !text) return false;
        const Value in_small{small(*text)};
        return evaluate(small(constraint), &in_small).truth != Truth::no;
    });
}

TEST_P(GateAlways, DecidesAsOneWhoLooksAtEveryRuleAndEverySpelling)
{
    const auto rules = random.rules(25);
    const Gate gate{policy_of(rules)};
    for (int i = 0; i < 300; ++i) {
        auto request = random.request();
        request.aliases = random.aliases();
        request.target.requires_approval = false;
        if (!request.target.offers.contains(request.action)) continue;
        const auto key = request.principal.identity.key();
        auto open = question_of(request, key);
        open.parameters = nullptr;
        int strongest = -1;
        for (const auto& rule : rules) {
            if (match(rule, open).fit == Fit::no) continue;
            const bool is_met = std::ranges::all_of(rule.parameters, [&](const auto& one) {
                return naively_met(rule, one.second, request);
            });
            if (is_met) strongest = std::max(strongest, rank(rule.effect));
        }
        const auto decision = gate.decide(request).decision;
        ASSERT_EQ(decision.rule ? rank(decision.effect) : -1, strongest);
    }
}

TEST_P(GateAlways, ListsWhatItAllows)
{
    const Gate gate{policy_of(random.rules(8))};
    for (int i = 0; i < 200; ++i) {
        const auto request = random.request();
        if (gate.decide(request).decision.effect == Effect::deny) continue;
        ASSERT_TRUE(gate.could_allow(request.principal, request.tool, request.action, request.tier,
                                     request.target));
    }
}

TEST_P(GateAlways, IsNeverMilderThanTheMildestOfItsLike)
{
    const Gate gate{policy_of(random.rules(8))};
    for (int i = 0; i < 200; ++i) {
        const auto request = random.request();
        const auto decided = gate.decide(request).decision.effect;
        const auto mildest = gate.mildest(request.principal, request.tool, request.action,
                                          request.tier, request.target);
        ASSERT_GE(rank(decided), rank(mildest));
        // The more is known, the less is left open.
        const auto without_name = gate.mildest(request, {"name"});
        ASSERT_GE(rank(decided), rank(without_name));
        ASSERT_GE(rank(without_name), rank(mildest));
        ASSERT_GE(rank(gate.mildest(request, {})), rank(without_name));
    }
}

TEST_P(GateAlways, DeniesAThingUnderEachOfItsNames)
{
    const Gate gate{policy_of(random.rules(8))};
    for (int i = 0; i < 200; ++i) {
        auto request = random.request();
        request.parameters["name"] = Value{"web"};
        request.aliases["name"] = {.same = {}, .others = {"db", "/srv/a"}, .any_case = false};
        const auto decided = gate.decide(request).decision.effect;
        for (const auto* other : {"db", "/srv/a"}) {
            auto as_other = request;
            as_other.aliases.clear();
            as_other.parameters["name"] = Value{other};
            const auto& rules = gate.policy().rules;
            const auto key = request.principal.identity.key();
            const auto question = question_of(as_other, key);
            for (const auto& rule : rules) {
                if (rule.effect == Effect::allow || match(rule, question).fit != Fit::yes) continue;
                if (request.action != gateway_read() &&
                    !request.target.offers.contains(request.action)) {
                    continue;
                }
                ASSERT_GE(rank(decided), rank(rule.effect)) << rule.id.view() << " by " << other;
            }
        }
    }
}

TEST_P(GateAlways, AsksWhatIsMeantWhereverTheAnswerHangsOnIt)
{
    const Gate gate{policy_of(random.rules(6))};
    for (int i = 0; i < 200; ++i) {
        auto request = random.request();
        request.target.requires_approval = false;
        if (gate.depends_on(request, "name")) continue;
        const auto decided = gate.decide(request).decision.effect;
        for (const auto* name : {"web", "db", "/srv"}) {
            request.parameters["name"] = Value{name};
            ASSERT_EQ(gate.decide(request).decision.effect, decided) << name;
        }
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
        auto request = random.request();
        request.aliases = random.aliases();
        const auto key = request.principal.identity.key();
        const auto question = question_of(request, key);
        for (const auto& [stronger, weaker] : covered) {
            if (match(*weaker, question).fit != Fit::yes) continue;
            ASSERT_EQ(match(*stronger, question).fit, Fit::yes)
                << stronger->id.view() << " was said to cover " << weaker->id.view();
        }
    }
}

/// A world in which the random requests below may be asked: two tools, three targets, two roles.
struct KnownWorld {
    Vocabulary vocabulary;
    std::vector<Role> roles;
};

KnownWorld known_world()
{
    KnownWorld out;
    ParameterShape name;
    name.kinds = {ParameterShape::Kind::text};
    name.choices = {"web", "db"};
    out.vocabulary.tools["manage_container"] = {{container_write, Tier::control, {{"name", name}}},
                                                {container_write, Tier::admin, {}}};
    out.vocabulary.tools["inspect_container"] = {{container_read, Tier::observe, {{"name", name}}},
                                                 {gateway_read(), Tier::observe, {{"name", {}}}}};
    const auto add = [&](const char* id, std::set<std::string> tags, const char* environment) {
        auto& facts = out.vocabulary.targets[id];
        facts.id = TargetId{id};
        facts.tags = std::move(tags);
        facts.environment = environment;
        facts.offers = {container_read, container_write};
    };
    add("web-01", {"web"}, "production");
    add("web-02", {"web", "docker"}, "lab");
    add("db-01", {}, "production");
    out.roles.resize(2);
    out.roles[0].name = "viewer";
    out.roles[0].subjects = {"u-1", "bob"};
    out.roles[0].groups = {"dev"};
    out.roles[1].name = "operator";
    out.roles[1].subjects = {"u-1"};
    out.roles[1].groups = {"ops"};
    out.roles[1].clients = {"claude"};
    return out;
}

struct Asked {
    AccessRequest request;
    const ToolForm& form;
};

/// A request as the layers above would put it: one of the forms, a known target, the caller's
/// roles.
Asked asked_in(const KnownWorld& world, RandomPolicy& random)
{
    auto request = random.request();
    request.principal = admit(request.principal.identity, world.roles);
    const auto& forms = world.vocabulary.tools.find(request.tool.view())->second;
    const auto& form = forms[random.engine()() % forms.size()];
    request.action = form.capability;
    request.tier = form.tier;
    request.target = world.vocabulary.targets.find(request.target.id.str())->second;
    const auto shape = form.parameters.find("name");
    if (shape == form.parameters.end()) {
        request.parameters.clear();
    } else if (!shape->second.choices.empty()) {
        request.parameters["name"] = shape->second.choices[random.engine()() % 2];
    }
    return {std::move(request), form};
}

TEST_P(GateAlways, DecidesByRulesThatCouldDecideACallOfThatForm)
{
    const auto world = known_world();
    const auto rules = random.rules(60);
    for (int i = 0; i < 400; ++i) {
        const auto [request, form] = asked_in(world, random);
        const auto key = request.principal.identity.key();
        const auto question = question_of(request, key);
        for (const auto& rule : rules) {
            if (match(rule, question).fit != Fit::yes) continue;
            ASSERT_TRUE(could_decide(rule, request.tool.view(), form)) << rule.id.view();
        }
    }
}

TEST_P(GateAlways, DecidesByOthersThanTheRuleThatIsCoveredInWhatIsKnown)
{
    const auto world = known_world();
    const auto rules = random.rules(120);
    std::vector<const Rule*> all;
    for (const auto& rule : rules) all.push_back(&rule);
    const Coverage coverage{world.vocabulary, world.roles, all};
    std::vector<std::pair<const Rule*, std::vector<const Rule*>>> covered;
    for (const auto& rule : rules) {
        auto by = coverage.covering(rule);
        if (!by.empty()) covered.emplace_back(&rule, std::move(by));
    }
    ASSERT_FALSE(covered.empty());
    for (int i = 0; i < 400; ++i) {
        const auto [request, form] = asked_in(world, random);
        const auto key = request.principal.identity.key();
        const auto question = question_of(request, key);
        for (const auto& [weaker, by] : covered) {
            if (match(*weaker, question).fit != Fit::yes) continue;
            const bool is_decided = std::ranges::any_of(by, [&](const Rule* stronger) {
                return rank(stronger->effect) > rank(weaker->effect) &&
                       match(*stronger, question).fit == Fit::yes;
            });
            ASSERT_TRUE(is_decided) << weaker->id.view() << " was said to be covered";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GateAlways, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace tailops::policy
