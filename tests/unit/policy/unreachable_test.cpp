#include "policy/policy_file.hpp"
#include "vocabulary.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using namespace testing;

struct Row {
    const char* name;
    const char* strong;  // fields of a rule "all" on line 4
    const char* weak;    // fields of a rule "night" on line 5
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
     "effect: allow, tools: [manage_container], tier: control", false},
    {"parameter_subset",
     "effect: deny, tools: [manage_container], parameters: {name: {one_of: [db, web]}}",
     "effect: allow, tools: [manage_container], tier: control, parameters: {name: {equals: db}}",
     true},
    {"parameter_overlap",
     "effect: deny, tools: [manage_container], parameters: {name: {one_of: [db, web]}}",
     "effect: allow, tools: [manage_container], tier: control, parameters: {name: {one_of: [db, "
     "mail]}}",
     false},
    {"parameter_matching_pattern",
     "effect: deny, tools: [manage_container], parameters: {name: {pattern: '[a-z]+'}}",
     "effect: allow, tools: [manage_container], tier: control, parameters: {name: {one_of: [db, "
     "web]}}",
     true},
    {"parameter_of_another_pattern",
     "effect: deny, tools: [manage_container], parameters: {name: {pattern: '[a-z]+'}}",
     "effect: allow, tools: [manage_container], tier: control, parameters: {name: {pattern: "
     "'[a-z]'}}",
     false},
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
    // Compared as they stand: an approval stands for unknown arguments as well.
    {"approval_with_a_narrower_parameter",
     "effect: deny, tools: [file_operations], parameters: {lines: {one_of: [1, 2]}}",
     "effect: require_approval, tools: [file_operations], parameters: {lines: {equals: 1}}", false},
    {"approval_with_the_same_parameter",
     "effect: deny, tools: [file_operations], parameters: {lines: {equals: 1}}",
     "effect: require_approval, tools: [file_operations], parameters: {lines: {equals: 1}}", true},
    // What the tools' table says.
    {"the_only_capability_of_the_tool", "effect: deny, capabilities: ['container:write']",
     "effect: allow, tools: [manage_container], tier: control", true},
    {"one_of_two_capabilities_of_the_tool", "effect: deny, capabilities: ['http:write']",
     "effect: allow, tools: [http_request], tier: control", false},
    {"every_tool_of_the_capability", "effect: deny, tools: [inspect_container, get_container_list]",
     "effect: allow, capabilities: ['container:read']", true},
    {"one_tool_of_the_capability", "effect: deny, tools: [inspect_container]",
     "effect: allow, capabilities: ['container:read']", false},
    {"the_only_tier_of_the_tool", "effect: deny, tier_from: control",
     "effect: allow, tools: [manage_container], tier: control", true},
    {"one_of_two_tiers_of_the_tool", "effect: deny, tier_from: control",
     "effect: allow, tools: [http_request], tier: control", false},
    {"every_choice",
     "effect: deny, tools: [manage_container], parameters: {action: {pattern: '(re)?start|stop'}}",
     "effect: allow, tools: [manage_container], tier: control", true},
    {"every_choice_but_one",
     "effect: deny, tools: [manage_container], parameters: {action: {one_of: [start, stop]}}",
     "effect: allow, tools: [manage_container], tier: control", false},
    {"every_choice_that_is_left",
     "effect: deny, tools: [manage_container], parameters: {action: {one_of: [start, stop]}}",
     "effect: allow, tools: [manage_container], tier: control, parameters: {action: {pattern: "
     "'sto.+'}}",
     true},
    // What targets.yaml says of ids that are written out.
    {"environment_of_the_target", "effect: deny, targets: {environments: [production]}",
     "effect: allow, targets: {ids: [web-01, api-01]}", true},
    {"environment_of_one_target", "effect: deny, targets: {environments: [production]}",
     "effect: allow, targets: {ids: [web-01, docker-01]}", false},
    {"tag_of_the_target", "effect: deny, targets: {tags: [web]}",
     "effect: allow, targets: {ids: [web-01], environments: [production]}", true},
    {"environment_of_all_that_a_glob_fits_today",
     "effect: deny, targets: {environments: [production]}",
     "effect: allow, targets: {ids: ['web-*']}", false},
    {"environment_of_all_with_the_tag_today", "effect: deny, targets: {environments: [production]}",
     "effect: allow, targets: {tags: [web]}", false},
    // What the roles of the file say.
    {"role_of_the_subject", "effect: deny, principals: {roles: [ops]}",
     "effect: allow, principals: {subjects: [bob]}", true},
    {"role_of_the_group", "effect: deny, principals: {roles: [ops]}",
     "effect: allow, principals: {groups: [g]}", true},
    {"role_of_somebody_else", "effect: deny, principals: {roles: [ops]}",
     "effect: allow, principals: {subjects: [bob, eve]}", false},
    {"role_within_a_role", "effect: deny, principals: {roles: [all]}",
     "effect: allow, principals: {roles: [ops]}", true},
    {"role_around_a_role", "effect: deny, principals: {roles: [ops]}",
     "effect: allow, principals: {roles: [all]}", false},
    {"subject_of_the_role", "effect: deny, principals: {subjects: [bob]}",
     "effect: allow, principals: {roles: [ops]}", false},
};

const std::string roles =
    "roles: {ops: {members: {subjects: [bob], groups: [g]}, scopes: [admin]}, all: {members: "
    "{subjects: [bob, al], groups: [g]}, scopes: [admin]}}\n";

std::string render(const std::string& text)
{
    yaml::Problems problems;
    read_policy(text, "policy.yaml", homelab(), problems);
    return problems.render();
}

class Unreachable : public ::testing::TestWithParam<Row> {};

TEST_P(Unreachable, AsTheTableSaysInBothOrders)
{
    const auto strong = "  - {id: all, " + std::string{GetParam().strong} + "}\n";
    const auto weak = "  - {id: night, " + std::string{GetParam().weak} + "}\n";
    const auto head = "version: 1\n" + roles + "rules:\n";
    EXPECT_EQ(render(head + strong + weak),
              GetParam().unreachable ? "policy.yaml:5:5: rule \"night\" is unreachable: rule "
                                       "\"all\" (line 4) always decides first\n"
                                     : "");
    EXPECT_EQ(render(head + weak + strong),
              GetParam().unreachable ? "policy.yaml:4:5: rule \"night\" is unreachable: rule "
                                       "\"all\" (line 5) always decides first\n"
                                     : "");
}

INSTANTIATE_TEST_SUITE_P(Table, Unreachable, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

const std::string weak =
    "  - {id: night, effect: allow, tier: control, principals: {subjects: [bob, eve]}, "
    "tools: [manage_container, inspect_container]}\n";

TEST(Unreachable, BySeveralRulesTogether)
{
    const std::string of_bob = "  - {id: bob, effect: deny, principals: {subjects: [bob]}}\n";
    const std::string of_eve =
        "  - {id: eve-reads, effect: deny, principals: {subjects: [eve]}, tools: "
        "[inspect_container]}\n  - {id: eve-writes, effect: require_approval, tier: admin, "
        "principals: {subjects: [eve]}, capabilities: ['container:write']}\n";
    EXPECT_EQ(render("version: 1\nrules:\n" + weak + of_bob + of_eve),
              "policy.yaml:3:5: rule \"night\" is unreachable: one of the rules \"bob\" (line 4), "
              "\"eve-reads\" (line 5), \"eve-writes\" (line 6) always decides first\n");
}

TEST(Unreachable, NotWhenTheyLeaveACall)
{
    const std::string of_bob = "  - {id: bob, effect: deny, principals: {subjects: [bob]}}\n";
    const std::string of_eve =
        "  - {id: eve-reads, effect: deny, principals: {subjects: [eve]}, tools: "
        "[inspect_container]}\n";
    EXPECT_EQ(render("version: 1\nrules:\n" + weak + of_bob + of_eve), "");
}

}  // namespace
}  // namespace tailops::policy
