#include "policy/policy_file.hpp"
#include "vocabulary.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

struct Row {
    const char* name;
    const char* strong;  // fields of a rule "all" on line 3
    const char* weak;    // fields of a rule "night" on line 4
    bool unreachable;
};

const Row rows[] = {
    {"deny_all", "effect: deny", "effect: allow, tier: admin", true},
    {"allow_all_is_weaker", "effect: allow, tier: admin", "effect: allow", false},
    {"the_weak_one_denies", "effect: deny", "effect: deny", false},
    {"same_capability", "effect: deny, capabilities: ['file:read']",
     "effect: allow, capabilities: ['file:read']", true},
    {"one_capability_left", "effect: deny, capabilities: ['file:read']",
     "effect: allow, capabilities: ['file:read', 'system:read']", false},
    {"any_capability_left", "effect: deny, capabilities: ['file:read']", "effect: allow", false},
    {"capability_by_wildcard", "effect: deny, capabilities: ['container:*']",
     "effect: allow, capabilities: ['container:read']", true},
    {"below_the_floor", "effect: deny, tier_from: control", "effect: allow, tier: control", false},
    {"above_the_floor", "effect: deny, tier_from: control",
     "effect: allow, tier: control, tier_from: control", true},
    {"approval_with_a_lower_ceiling", "effect: require_approval, tier: control",
     "effect: allow, tier: admin", false},
    {"approval_with_the_same_ceiling", "effect: require_approval, tier: control",
     "effect: allow, tier: control", true},
    {"another_subject", "effect: deny, principals: {subjects: [a]}",
     "effect: allow, principals: {subjects: [b]}", false},
    {"one_of_the_subjects", "effect: deny, principals: {subjects: [a, b]}",
     "effect: allow, principals: {subjects: [b]}", true},
    {"group_and_subject_differ", "effect: deny, principals: {groups: [a]}",
     "effect: allow, principals: {subjects: [a]}", false},
    {"narrower_and_more_clauses", "effect: deny, targets: {tags: [web, docker]}",
     "effect: allow, targets: {tags: [web], environments: [lab]}", true},
    {"glob_over_id", "effect: deny, targets: {ids: ['web-*']}",
     "effect: allow, targets: {ids: [web-01]}", true},
    {"glob_over_some_ids", "effect: deny, targets: {ids: ['web-*']}",
     "effect: allow, targets: {ids: [web-01, api-01]}", false},
    {"id_under_glob", "effect: deny, targets: {ids: [web-01]}",
     "effect: allow, targets: {ids: ['web-*']}", false},
    {"parameter_only_above",
     "effect: deny, tools: [manage_container], parameters: {name: {equals: db}}",
     "effect: allow, tools: [manage_container]", false},
    {"parameter_subset",
     "effect: deny, tools: [manage_container], parameters: {name: {one_of: [db, web]}}",
     "effect: allow, tools: [manage_container], parameters: {name: {equals: db}}", true},
    {"parameter_overlap",
     "effect: deny, tools: [manage_container], parameters: {name: {one_of: [db, web]}}",
     "effect: allow, tools: [manage_container], parameters: {name: {one_of: [db, mail]}}", false},
    {"parameter_matching_pattern",
     "effect: deny, tools: [manage_container], parameters: {name: {pattern: '[a-z]+'}}",
     "effect: allow, tools: [manage_container], parameters: {name: {one_of: [db, web]}}", true},
    {"parameter_of_another_pattern",
     "effect: deny, tools: [manage_container], parameters: {name: {pattern: '[a-z]+'}}",
     "effect: allow, tools: [manage_container], parameters: {name: {pattern: '[a-z]'}}", false},
    {"path_inside",
     "effect: deny, tools: [file_operations], parameters: {path: {path_under: /srv}}",
     "effect: allow, tools: [file_operations], parameters: {path: {path_under: [/srv/a, /srv]}}",
     true},
    {"path_beside",
     "effect: deny, tools: [file_operations], parameters: {path: {path_under: /srv}}",
     "effect: allow, tools: [file_operations], parameters: {path: {path_under: /srv-old}}", false},
    {"range_inside",
     "effect: deny, tools: [file_operations], parameters: {lines: {min: 1, max: 100}}",
     "effect: allow, tools: [file_operations], parameters: {lines: {min: 5, max: 100}}", true},
    {"range_open_above",
     "effect: deny, tools: [file_operations], parameters: {lines: {min: 1, max: 100}}",
     "effect: allow, tools: [file_operations], parameters: {lines: {min: 5}}", false},
    // An approval also stands for arguments of another type, which the denial does not know.
    {"approval_with_a_narrower_parameter",
     "effect: deny, tools: [file_operations], parameters: {lines: {one_of: [1, all]}}",
     "effect: require_approval, tools: [file_operations], parameters: {lines: {equals: 1}}", false},
    {"approval_with_the_same_parameter",
     "effect: deny, tools: [file_operations], parameters: {lines: {equals: 1}}",
     "effect: require_approval, tools: [file_operations], parameters: {lines: {equals: 1}}", true},
};

class Unreachable : public ::testing::TestWithParam<Row> {};

TEST_P(Unreachable, AsTheTableSaysInBothOrders)
{
    const auto strong = "  - {id: all, " + std::string{GetParam().strong} + "}\n";
    const auto weak = "  - {id: night, " + std::string{GetParam().weak} + "}\n";
    const auto render = [](const std::string& text) {
        yaml::Problems problems;
        read_policy(text, "policy.yaml", homelab(), problems);
        return problems.render();
    };
    const std::string head = "version: 1\nrules:\n";
    EXPECT_EQ(render(head + strong + weak),
              GetParam().unreachable ? "policy.yaml:4:5: rule \"night\" is unreachable: rule "
                                       "\"all\" (line 3) always decides first\n"
                                     : "");
    EXPECT_EQ(render(head + weak + strong),
              GetParam().unreachable ? "policy.yaml:3:5: rule \"night\" is unreachable: rule "
                                       "\"all\" (line 4) always decides first\n"
                                     : "");
}

INSTANTIATE_TEST_SUITE_P(Table, Unreachable, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

}  // namespace
}  // namespace tailops::policy
