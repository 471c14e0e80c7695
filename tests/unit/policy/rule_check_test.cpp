#include "policy/policy_file.hpp"
#include "vocabulary.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

struct Row {
    const char* name;
    std::string rule;     // its fields; the complaint stands where the "@" is
    std::string problem;  // empty: it loads
};

/// Each refused rule stands beside one that differs by as little as possible and loads.
const Row rows[] = {
    // Tiers.
    {"tool_above_the_ceiling", "effect: allow, tools: [@manage_container]",
     "calls of tool \"manage_container\" are of tier control, and the rule ends at observe; write "
     "\"tier: control\""},
    {"tool_at_the_ceiling", "effect: allow, tools: [manage_container], tier: control", ""},
    {"tool_below_the_floor",
     "effect: allow, tools: [@inspect_container], tier: admin, tier_from: control",
     "calls of tool \"inspect_container\" are of tier observe, and the rule begins at control; "
     "lower \"tier_from\" or leave it out"},
    {"tool_at_the_floor",
     "effect: allow, tools: [manage_container], tier: admin, tier_from: control", ""},
    {"second_tool_above", "effect: allow, tools: [inspect_container, @manage_container]",
     "calls of tool \"manage_container\" are of tier control, and the rule ends at observe; write "
     "\"tier: control\""},
    {"tool_of_two_tiers", "effect: allow, tools: [http_request]", ""},
    {"approval_above", "effect: require_approval, tools: [@manage_container]",
     "calls of tool \"manage_container\" are of tier control, and the rule ends at observe; write "
     "\"tier: control\""},
    {"denial_has_no_ceiling", "effect: deny, tools: [manage_container]", ""},
    {"denial_below_the_floor", "effect: deny, tools: [@inspect_container], tier_from: control",
     "calls of tool \"inspect_container\" are of tier observe, and the rule begins at control; "
     "lower \"tier_from\" or leave it out"},
    {"capability_above_the_ceiling", "effect: allow, capabilities: [@'container:write']",
     "calls that need \"container:write\" are of tier control, and the rule ends at observe; write "
     "\"tier: control\""},
    {"capability_at_the_ceiling", "effect: allow, capabilities: ['container:write'], tier: control",
     ""},
    {"wildcard_of_which_some_are_below", "effect: allow, capabilities: ['container:*']", ""},
    {"capability_of_the_tool_above",
     "effect: allow, tools: [@http_request], capabilities: ['http:write']",
     "calls of tool \"http_request\" are of tier control, and the rule ends at observe; write "
     "\"tier: control\""},
    {"arguments_above",
     "effect: allow, tools: [@http_request], parameters: {method: {equals: POST}}",
     "calls of tool \"http_request\" with such arguments are of tier control, and the rule ends at "
     "observe; write \"tier: control\""},
    {"arguments_below",
     "effect: allow, tools: [http_request], parameters: {method: {one_of: [GET, POST]}}", ""},
    {"arguments_of_the_other_capability",
     "effect: allow, tools: [@http_request], tier: control, capabilities: ['http:read'], "
     "parameters: {method: {equals: POST}}",
     "no call of tool \"http_request\" meets this rule's conditions on arguments"},
    // Values.
    {"no_choice",
     "effect: deny, tools: [manage_container], parameters: {action: {equals: @frobnicate}}",
     "\"frobnicate\" can never be the argument: \"action\" must be one of its choices"},
    {"choice", "effect: deny, tools: [manage_container], parameters: {action: {equals: stop}}", ""},
    {"one_choice_of_two",
     "effect: deny, tools: [manage_container], parameters: {action: {one_of: [stop, @halt]}}",
     "\"halt\" can never be the argument: \"action\" must be one of its choices"},
    {"choice_of_another_form",
     "effect: deny, tools: [http_request], parameters: {method: {one_of: [GET, DELETE]}}", ""},
    {"list_of_choices",
     "effect: deny, tools: [manage_container], parameters: {action: {equals: @[start, stop]}}",
     "a list can never be the argument: \"action\" is text; use \"one_of\""},
    {"number_above", "effect: deny, tools: [file_operations], parameters: {lines: {equals: @5001}}",
     "\"5001\" can never be the argument: \"lines\" must be a whole number in its range"},
    {"greatest_number",
     "effect: deny, tools: [file_operations], parameters: {lines: {equals: 5000}}", ""},
    {"number_in_quotes",
     "effect: deny, tools: [file_operations], parameters: {lines: {equals: @'7'}}",
     "\"7\" can never be the argument: \"lines\" must be a whole number in its range; leave the "
     "quotes out"},
    {"min_above", "effect: deny, tools: [file_operations], parameters: {lines: {min: @5001}}",
     "\"min\" of 5001 can never hold: \"lines\" ends at 5000"},
    {"min_at_the_end", "effect: deny, tools: [file_operations], parameters: {lines: {min: 5000}}",
     ""},
    {"max_below", "effect: deny, tools: [file_operations], parameters: {lines: {max: @0}}",
     "\"max\" of 0 can never hold: \"lines\" begins at 1"},
    {"max_beyond_says_nothing_and_loads",
     "effect: deny, tools: [file_operations], parameters: {lines: {max: 9000}}", ""},
    {"nothing_between",
     "effect: allow, tools: [file_operations], parameters: {lines: @{min: 1.2, max: 1.8}}",
     "no value of \"lines\" meets this condition"},
    {"something_between",
     "effect: allow, tools: [file_operations], parameters: {lines: {min: 1.2, max: 2}}", ""},
    {"length_below", "effect: deny, tools: [file_operations], parameters: {path: {max_length: @0}}",
     "\"max_length\" of 0 can never hold: \"path\" has a length of 1 at least"},
    {"least_length", "effect: deny, tools: [file_operations], parameters: {path: {max_length: 1}}",
     ""},
    {"bound_on_text", "effect: deny, tools: [manage_container], parameters: {action: {min: @1}}",
     "\"min\" does not go with \"action\", which is text"},
    {"length_of_a_number",
     "effect: deny, tools: [file_operations], parameters: {lines: {max_length: @3}}",
     "\"max_length\" does not go with \"lines\", which is a whole number"},
    {"path_of_a_number",
     "effect: deny, tools: [file_operations], parameters: {lines: {path_under: @/srv}}",
     "\"path_under\" does not go with \"lines\", which is a whole number"},
    {"pattern_of_no_choice",
     "effect: deny, tools: [manage_container], parameters: {action: @{pattern: 'halt.*'}}",
     "no value of \"action\" meets this condition"},
    {"pattern_of_a_choice",
     "effect: deny, tools: [manage_container], parameters: {action: {pattern: 're.*'}}", ""},
    {"conditions_that_exclude_each_other",
     "effect: allow, tools: [inspect_container], parameters: {name: @{equals: web, max_length: 2}}",
     "no value of \"name\" meets this condition"},
    {"conditions_that_agree",
     "effect: allow, tools: [inspect_container], parameters: {name: {equals: web, max_length: 3}}",
     ""},
    {"arguments_of_the_capability_above",
     "effect: allow, capabilities: [@'container:*'], parameters: {action: {equals: stop}}",
     "calls that need \"container:*\" with such arguments are of tier control, and the rule ends "
     "at observe; write \"tier: control\""},
    {"arguments_of_every_tool_above", "effect: allow, @parameters: {method: {equals: POST}}",
     "no call within this rule's tiers meets its conditions on arguments"},
    {"arguments_of_a_tool_below", "effect: allow, parameters: {method: {equals: HEAD}}", ""},
    {"argument_of_a_tool_that_may",
     "effect: allow, capabilities: ['container:*'], tier: control, parameters: {action: {equals: "
     "stop}}",
     ""},
    // Targets.
    {"target_without_the_capability",
     "effect: allow, capabilities: ['system:read'], targets: {ids: [@api-01]}",
     "target \"api-01\" does not offer \"system:read\""},
    {"target_with_it", "effect: allow, capabilities: ['system:read'], targets: {ids: [web-01]}",
     ""},
    {"one_target_without_it",
     "effect: allow, capabilities: ['system:read'], targets: {ids: [web-01, @api-01]}",
     "target \"api-01\" does not offer \"system:read\""},
    {"target_with_one_of_two",
     "effect: allow, capabilities: ['system:read', 'http:read'], targets: {ids: [api-01]}", ""},
    {"target_without_what_the_tool_needs",
     "effect: allow, tools: [http_request], targets: {ids: [@local]}",
     "target \"local\" does not offer \"http:read\""},
    {"machine_for_a_tool_of_the_gateway",
     "effect: allow, tools: [whoami], targets: {ids: [@local]}",
     "target \"local\" is not what this rule is about: its tools ask the gateway itself"},
    {"gateway_for_a_tool_of_the_gateway",
     "effect: allow, tools: [whoami], targets: {ids: [gateway]}", ""},
    {"gateway_for_a_tool_of_machines",
     "effect: allow, tools: [get_system_status], targets: {ids: [@gateway]}",
     "target \"gateway\" is the gateway itself, of which nothing that this rule is about is asked"},
};

class RuleThatNeverDecides : public ::testing::TestWithParam<Row> {};

/// A file whose only rule stands on line 3, and the problem where the "@" stood.
struct File {
    std::string text, problem;
};

File file_with(const Row& row)
{
    const std::string begin = "  - {id: r, ";
    auto rule = row.rule;
    const auto at = rule.find('@');
    if (at != std::string::npos) rule.erase(at, 1);
    File out{"version: 1\nrules:\n" + begin + rule + "}\n", ""};
    if (row.problem.empty()) return out;
    const auto column = std::to_string(begin.size() + at + 1);
    out.problem = "policy.yaml:3:" + column + ": " + row.problem + '\n';
    return out;
}

TEST_P(RuleThatNeverDecides, DoesNotLoad)
{
    const auto file = file_with(GetParam());
    yaml::Problems problems;
    const auto policy = read_policy(file.text, "policy.yaml", homelab(), problems);
    EXPECT_EQ(problems.render(), file.problem);
    EXPECT_EQ(policy.rules.empty(), !file.problem.empty());
}

INSTANTIATE_TEST_SUITE_P(Table, RuleThatNeverDecides, ::testing::ValuesIn(rows), [](const auto& r) {
    return r.param.name;
});

/// What is true of a rule today and may be meant for tomorrow loads with a notice.
const Row notices[] = {
    {"no_target_with_the_tag_offers_it",
     "effect: allow, capabilities: ['http:read'], targets: {tags: [web]}",
     "rule \"r\" decides nothing today: none of its targets offers what it is about: \"web-01\""},
    {"a_target_with_the_tag_offers_it",
     "effect: allow, capabilities: ['system:read'], targets: {tags: [web]}", ""},
    {"no_target_of_the_glob_offers_it",
     "effect: allow, capabilities: ['http:read'], targets: {ids: ['web-*']}",
     "rule \"r\" decides nothing today: none of its targets offers what it is about: \"web-01\""},
    {"no_target_is_both", "effect: allow, targets: {ids: [web-01], environments: [lab]}",
     "rule \"r\" decides nothing today: no target is all that its \"targets\" ask for"},
    {"a_target_is_both", "effect: allow, targets: {ids: [web-01], environments: [production]}", ""},
    {"a_denial_where_it_is_not_offered",
     "effect: deny, capabilities: ['system:read'], targets: {ids: [api-01]}",
     "rule \"r\" decides nothing there today: target \"api-01\" does not offer \"system:read\""},
    {"a_denial_where_it_is_offered",
     "effect: deny, capabilities: ['system:read'], targets: {ids: [local]}", ""},
    {"an_approval_for_targets_to_come",
     "effect: require_approval, capabilities: ['http:read'], targets: {tags: [web]}", ""},
    {"whatever_the_targets_offer",
     "effect: allow, tier: admin, tier_from: control, targets: "
     "{tags: [web], environments: [production]}",
     ""},
    {"a_capability_of_no_tool", "effect: allow, capabilities: ['backup:read']",
     "rule \"r\" decides nothing today: no tool of this version uses its capabilities"},
    {"a_capability_of_no_tool_beside_another",
     "effect: allow, capabilities: ['backup:read', 'system:read']", ""},
    {"a_tier_of_no_tool", "effect: allow, tier: admin, tier_from: admin",
     "rule \"r\" decides nothing today: no tool of this version acts at its tiers"},
};

class RuleThatDecidesNothingToday : public ::testing::TestWithParam<Row> {};

TEST_P(RuleThatDecidesNothingToday, LoadsWithANotice)
{
    yaml::Problems problems;
    const auto file = file_with({GetParam().name, GetParam().rule, ""});
    read_policy(file.text, "policy.yaml", homelab(), problems);
    EXPECT_EQ(problems.render(), "");
    const auto& wanted = GetParam().problem;
    ASSERT_EQ(problems.notices().size(), wanted.empty() ? 0U : 1U);
    if (!wanted.empty()) {
        EXPECT_EQ(problems.notices().front().text, wanted);
    }
}

INSTANTIATE_TEST_SUITE_P(Table,
                         RuleThatDecidesNothingToday,
                         ::testing::ValuesIn(notices),
                         [](const auto& r) { return r.param.name; });

TEST(RuleThatNeverDecides, IsAboutATargetThatCannotCarryItOut)
{
    auto words = homelab();
    for (auto& form : words.tools.find("manage_container")->second) form.kinds = {"docker"};
    const auto problems_with = [&](const char* kind) {
        words.targets["web-01"].kind = kind;
        words.targets["web-01"].offers.insert(Capability{"container", "write"});
        yaml::Problems problems;
        read_policy(R"(version: 1
rules:
  - {id: r, effect: allow, tier: control, tools: [manage_container], targets: {ids: [web-01]}}
)",
                    "policy.yaml", words, problems);
        return problems.render();
    };
    EXPECT_EQ(problems_with("ssh"),
              "policy.yaml:3:86: target \"web-01\" is of the kind \"ssh\", which can carry out "
              "nothing that this rule is about\n");
    EXPECT_EQ(problems_with("docker"), "");
    EXPECT_EQ(problems_with(""), "");
}

TEST(RuleThatNeverDecides, IsToldOfAllItsWordsAtOnce)
{
    yaml::Problems problems;
    read_policy(R"(version: 1
rules:
  - id: r
    effect: allow
    tools: [manage_container]
    tier_from: observe
  - id: s
    effect: allow
    tools: [inspect_container]
    targets: {ids: [local, api-01]}
)",
                "policy.yaml", homelab(), problems);
    EXPECT_EQ(
        problems.render(),
        R"(policy.yaml:5:13: calls of tool "manage_container" are of tier control, and the rule ends at observe; write "tier: control"
policy.yaml:10:21: target "local" does not offer "container:read"
policy.yaml:10:28: target "api-01" does not offer "container:read"
)");
}

}  // namespace
}  // namespace tailops::policy
