#include "policy/policy_file.hpp"

#include "policy/pattern.hpp"
#include "requests.hpp"
#include "tests/support/source_dir.hpp"
#include "vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tailops::policy {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string problems_of(const std::string& text)
{
    yaml::Problems problems;
    read_policy(text, "policy.yaml", homelab(), problems);
    return problems.render();
}

/// A file with one rule, its lines given; the rule begins on line 3 and "effect" stands on line 4.
std::string with_rule(const std::string& lines)
{
    std::string out = "version: 1\nrules:\n  - id: r\n    effect: allow\n";
    std::istringstream in{lines};
    for (std::string line; std::getline(in, line);) out += "    " + line + '\n';
    return out;
}

TEST(PolicyFile, ReadsEveryPartOfARule)
{
    const std::string text = R"(version: 1
roles:
  operator:
    description: runs the house
    members: {subjects: [alice@example.com], groups: [ops], clients: claude}
    scopes: ["container:read", "container:write", "readonly"]
rules:
  - id: restart-web
    description: restarts on the web hosts
    effect: require_approval
    principals: {subjects: [alice@example.com], roles: [operator], groups: [ops], clients: [claude], scopes: [openid, "container:write"], actors: [agent, "*"]}
    capabilities: ["container:write"]
    tools: [manage_container]
    tier: admin
    tier_from: control
    targets: {ids: ["web-*", docker-01], tags: [web], environments: [production]}
    parameters:
      name: {one_of: [web, 5, 0.5, true, "5"], pattern: "[a-z]+", max_length: 20}
      action: {equals: restart}
    obligations: {timeout: 2m, output_limit: 64KiB}
    reason: ask the owner first
)";
    yaml::Problems problems;
    const auto policy = read_policy(text, "policy.yaml", homelab(), problems);
    ASSERT_EQ(problems.render(), "");
    EXPECT_EQ(policy.version.size(), 64U);

    ASSERT_EQ(policy.roles.size(), 1U);
    const auto& role = policy.roles.front();
    EXPECT_EQ(role.name, "operator");
    EXPECT_TRUE(role.subjects.contains("alice@example.com"));
    EXPECT_TRUE(role.clients.contains("claude")) << "a single name needs no list";
    EXPECT_EQ(role.scopes.size(), 3U);

    ASSERT_EQ(policy.rules.size(), 1U);
    const auto& r = policy.rules.front();
    EXPECT_EQ(r.id, RuleId{"restart-web"});
    EXPECT_EQ(r.line, 8);
    EXPECT_EQ(r.effect, Effect::require_approval);
    EXPECT_EQ(r.principals.scopes, (std::set<std::string>{"container:write", "openid"}));
    EXPECT_EQ(r.principals.actors, (std::set<std::string>{"*", "agent"}));
    EXPECT_EQ(r.capabilities, CapabilitySet{container_write});
    EXPECT_EQ(r.tools, std::set<std::string>{"manage_container"});
    EXPECT_EQ(r.at_most, Tier::admin);
    EXPECT_EQ(r.at_least, Tier::control);
    EXPECT_EQ(r.targets.ids, (std::set<std::string>{"docker-01", "web-*"}));
    EXPECT_EQ(r.obligations.timeout, 2min);
    EXPECT_EQ(r.obligations.output_limit_bytes, 65536U);
    EXPECT_EQ(r.reason, "ask the owner first");
    const auto& name = r.parameters.find("name")->second;
    const std::vector<Value> choices{Value{"web"}, Value{std::int64_t{5}}, Value{0.5}, Value{true},
                                     Value{"5"}};
    EXPECT_EQ(name.one_of, choices);
    EXPECT_EQ(name.max_length, 20U);
    ASSERT_TRUE(name.pattern);
    EXPECT_EQ(pattern_text(*name.pattern), "[a-z]+");
}

TEST(PolicyFile, DefaultsAreTheNarrowOnes)
{
    yaml::Problems problems;
    const auto policy = read_policy(with_rule(""), "p", homelab(), problems);
    ASSERT_EQ(policy.rules.size(), 1U) << problems.render();
    EXPECT_EQ(policy.rules.front().at_most, Tier::observe);
    EXPECT_EQ(policy.rules.front().obligations.timeout, 30s);
    EXPECT_EQ(policy.rules.front().obligations.output_limit_bytes, 65536U);
}

TEST(PolicyFile, AFileWithoutRulesIsFine)
{
    EXPECT_EQ(problems_of("version: 1\n"), "");
    EXPECT_EQ(problems_of("version: 1\nroles:\nrules: []\n"), "");
}

TEST(PolicyFile, WildcardsStandForKnownCapabilities)
{
    yaml::Problems problems;
    const auto domain = read_policy(with_rule("capabilities: ['container:*', 'system:read']"), "p",
                                    homelab(), problems);
    ASSERT_EQ(domain.rules.size(), 1U);
    EXPECT_TRUE(domain.rules.front().capabilities.contains(container_read));
    EXPECT_TRUE(domain.rules.front().capabilities.contains(container_write));
    EXPECT_TRUE(domain.rules.front().capabilities.contains(system_read));
    EXPECT_FALSE(domain.rules.front().capabilities.contains({"file", "read"}));
    const auto all = read_policy(with_rule("capabilities: ['*']"), "p", homelab(), problems);
    ASSERT_EQ(all.rules.size(), 1U);
    EXPECT_TRUE(all.rules.front().capabilities.empty()) << "any";
}

TEST(PolicyFile, AFileWithAProblemAllowsNothing)
{
    yaml::Problems problems;
    const auto policy =
        read_policy(with_rule("tier: admin") + "surprise: 1\n", "p", homelab(), problems);
    EXPECT_FALSE(problems.empty());
    EXPECT_TRUE(policy.rules.empty());
    EXPECT_TRUE(policy.roles.empty());
}

TEST(PolicyFile, TellsAllProblemsAtOnce)
{
    EXPECT_EQ(problems_of(R"(version: 2
roles:
  empty: {members: {}, scopes: []}
rules:
  - id: r
    effect: alow
    tols: [x]
  - id: r
    effect: allow
)"),
              R"(policy.yaml:1:10: "version" must be 1, the only one there is
policy.yaml:3:3: role "empty" has no members
policy.yaml:3:3: role "empty" has no scopes: it grants nothing
policy.yaml:6:13: unknown effect "alow"; did you mean "allow"?
policy.yaml:7:5: unknown key "tols"; did you mean "tools"?
policy.yaml:8:5: the id "r" is that of the rule on line 5 already
)");
}

struct Row {
    const char* name;
    std::string text;
    const char* problem;
};

const Row rows[] = {
    {"empty_file", "", "policy.yaml:1:1: the policy is empty"},
    {"not_yaml", "version: [1\n", "not valid YAML"},
    {"a_list", "- 1\n", "policy.yaml:1:1: policy must be a mapping, not a list"},
    {"no_version", "rules: []\n", "policy lacks \"version\""},
    {"rules_no_list", "version: 1\nrules: {a: 1}\n", "2:8: \"rules\" must be a list of rules"},
    {"roles_no_map", "version: 1\nroles: [a]\n", "2:8: \"roles\" must be a mapping"},
    {"unknown_key", "version: 1\nrule: []\n", "2:1: unknown key \"rule\"; did you mean \"rules\"?"},
    {"rule_is_text", "version: 1\nrules: [x]\n", "2:9: rule must be a mapping"},
    {"rule_is_nothing", "version: 1\nrules: [~]\n", "2:9: rule must be a mapping, not nothing"},
    {"no_id", "version: 1\nrules: [{effect: deny}]\n", "2:9: rule lacks \"id\""},
    {"no_effect", "version: 1\nrules: [{id: r}]\n", "2:9: rule \"r\" lacks \"effect\""},
    {"blank_effect", "version: 1\nrules: [{id: r, effect: }]\n", "\"effect\" must not be empty"},
    {"odd_id", "version: 1\nrules: [{id: a b, effect: deny}]\n", "the id \"a b\" must be 1 to 64"},
    {"built_in_id", "version: 1\nrules: [{id: gateway-self, effect: deny}]\n",
     "\"gateway-self\" is the name of the built-in rule"},
    {"role_unknown_scope",
     "version: 1\nroles: {a: {members: {groups: [g]}, scopes: ['container:raed']}}\n",
     "unknown scope \"container:raed\"; did you mean \"container:read\"?"},
    {"role_unknown_key", "version: 1\nroles: {a: {member: {groups: [g]}, scopes: [admin]}}\n",
     "unknown key \"member\"; did you mean \"members\"?"},
    {"role_nothing", "version: 1\nroles: {a: }\n", "role \"a\" has no members"},
    {"role_no_scopes", "version: 1\nroles: {a: {members: {groups: [g]}}}\n",
     "2:9: role \"a\" has no scopes: it grants nothing"},
    {"role_blank_member", "version: 1\nroles: {a: {members: {clients: ['']}, scopes: [admin]}}\n",
     "an item of \"clients\" must not be empty"},
    {"unknown_role", with_rule("principals: {roles: [operator]}"),
     "5:26: unknown role \"operator\""},
    {"unknown_principal_key", with_rule("principals: {users: [a]}"), "5:18: unknown key \"users\""},
    {"misspelt_scope", with_rule("principals: {scopes: ['container:wirte']}"),
     "unknown scope \"container:wirte\"; did you mean \"container:write\"?"},
    {"unknown_tool", with_rule("tools: [manage_containr]"),
     "5:13: unknown tool \"manage_containr\"; did you mean \"manage_container\"?"},
    {"unknown_capability", with_rule("capabilities: ['contaner:*']"),
     "5:20: unknown capability \"contaner:*\"; did you mean \"container:*\"?"},
    {"unknown_target", with_rule("targets: {ids: [web-02]}"),
     "5:21: unknown target \"web-02\"; did you mean \"web-01\"?"},
    {"glob_of_nothing", with_rule("targets: {ids: ['db-*']}"), "no target matches \"db-*\""},
    {"star_in_the_middle", with_rule("targets: {ids: ['w*1']}"),
     "a * of \"w*1\" may only stand first or last"},
    {"unknown_tag", with_rule("targets: {tags: [wbe]}"),
     "unknown tag \"wbe\"; did you mean \"web\"?"},
    {"unknown_environment", with_rule("targets: {environments: [prod]}"),
     "unknown environment \"prod\""},
    {"unknown_parameter", with_rule("tools: [manage_container]\nparameters: {nmae: {equals: web}}"),
     "6:18: tool \"manage_container\" has no parameter \"nmae\"; did you mean \"name\"?"},
    {"parameter_of_one_tool_only",
     with_rule("tools: [inspect_container, get_container_list]\nparameters: {name: {equals: a}}"),
     "tool \"get_container_list\" has no parameter \"name\""},
    {"parameter_of_other_capabilities",
     with_rule("capabilities: ['file:read']\nparameters: {name: {equals: web}}"),
     "no tool that this rule is about has a parameter \"name\""},
    {"capability_its_tool_never_exercises",
     with_rule("capabilities: ['container:write', 'file:read']\ntools: [manage_container]"),
     "5:39: tool \"manage_container\" never exercises \"file:read\""},
    {"capability_no_tool_exercises",
     with_rule("capabilities: ['system:*']\ntools: [manage_container, file_operations]"),
     "no tool of this rule exercises \"system:*\""},
    {"tool_without_a_capability_of_the_rule",
     with_rule("capabilities: ['container:write']\ntools: [manage_container, file_operations]"),
     "6:31: tool \"file_operations\" exercises no capability of this rule"},
    {"nobody_left", with_rule("principals: {subjects: []}"),
     "5:28: \"subjects\" is an empty list, which would restrict nothing; name somebody or "
     "something, or leave it out"},
    {"no_principals", with_rule("principals: {}"),
     "5:17: \"principals\" is empty, which would restrict nothing; fill it in or leave it out"},
    {"no_group", with_rule("principals: {groups: []}"), "\"groups\" is an empty list"},
    {"no_actor", with_rule("principals: {actors: []}"), "\"actors\" is an empty list"},
    {"no_client", with_rule("principals: {clients: []}"), "\"clients\" is an empty list"},
    {"no_role", with_rule("principals: {roles: []}"), "\"roles\" is an empty list"},
    {"no_scope", with_rule("principals: {scopes: []}"), "\"scopes\" is an empty list"},
    {"no_targets", with_rule("targets: {}"), "\"targets\" is empty"},
    {"no_id_left", with_rule("targets: {ids: []}"), "\"ids\" is an empty list"},
    {"no_tag_left", with_rule("targets: {tags: []}"), "\"tags\" is an empty list"},
    {"no_environment", with_rule("targets: {environments: []}"), "\"environments\" is an empty"},
    {"no_tool", with_rule("tools: []"), "\"tools\" is an empty list"},
    {"no_capability", with_rule("capabilities: []"), "\"capabilities\" is an empty list"},
    {"no_parameter", with_rule("parameters: {}"), "\"parameters\" is empty"},
    {"two_names_in_one", with_rule("principals:\n  subjects: bob, eve"),
     "6:17: \"bob, eve\" is one name; write several as a list, [bob, eve], or put the one in "
     "quotes"},
    {"two_names_and_a_blank", with_rule("principals:\n  groups: ops dev"),
     "\"ops dev\" is one name; write several as a list, [ops, dev]"},
    {"two_names_in_an_item", with_rule("principals:\n  clients:\n    - a, b"), "\"a, b\" is one"},
    {"two_scopes_in_one", with_rule("principals:\n  scopes: a, b"), "\"a, b\" is one name"},
    {"two_names_and_a_semicolon", with_rule("principals:\n  subjects: bob;eve"),
     "6:17: \"bob;eve\" is one name; write several as a list, [bob, eve], or put the one in "
     "quotes"},
    {"a_block_of_names", with_rule("principals:\n  subjects: |\n    bob\n    Eve Adams"),
     "6:17: \"bob\\nEve Adams\\n\" is one name; write several as a list, [bob, Eve Adams]"},
    {"a_folded_block_of_names", with_rule("principals:\n  groups: >-\n    ops\n    dev"),
     "6:15: \"ops dev\" is one name; write several as a list, [ops, dev]"},
    {"a_block_behind_an_anchor", with_rule("principals:\n  actors: &them >-\n    a\n    b"),
     "\"a b\" is one name"},
    {"a_block_in_a_list", with_rule("principals:\n  clients:\n    - |\n      a"),
     "\"a\\n\" is one name; write several as a list, [a]"},
    {"a_block_of_tags", with_rule("targets:\n  tags: >-\n    web\n    lab"), "list, [web, lab]"},
    {"a_glob_of_subjects", with_rule("principals: {subjects: ['*@evil.com']}"),
     "5:29: \"*@evil.com\" matches nobody: a * is no glob in \"subjects\"; write names out, or "
     "leave the key out to mean everybody"},
    {"all_subjects", with_rule("principals: {subjects: ['*']}"), "a * is no glob"},
    {"a_glob_of_groups", with_rule("principals: {groups: ['group:*']}"), "no glob in \"groups\""},
    {"a_glob_of_clients", with_rule("principals: {clients: ['bot-*']}"), "glob in \"clients\""},
    {"a_glob_of_roles", with_rule("principals: {roles: ['op*']}"), "unknown role \"op*\""},
    {"a_glob_of_actors", with_rule("principals: {actors: ['*x']}"),
     "\"*x\" matches nobody: \"*\" alone means anybody who acts, and no other glob is one here"},
    {"any_scope", with_rule("principals: {scopes: ['*']}"), "\"*\" is no scope that a token has"},
    {"two_scopes_in_quotes", with_rule("principals: {scopes: ['openid email']}"),
     "\"openid email\" has a blank or a line end in it, which no scope has"},
    {"an_issuer_alone", with_rule("principals: {subjects: ['tailops|']}"),
     "\"tailops|\" has no name behind its \"|\"; write ISSUER|SUB"},
    {"no_issuer", with_rule("principals: {subjects: ['|bob']}"),
     "\"|bob\" has no issuer before its \"|\"; write ISSUER|SUB, or \"bob\" for that name at any"},
    {"an_issuer_with_a_blank", with_rule("principals: {subjects: ['tailops |bob']}"),
     "has no issuer before its \"|\": that is the URL of an authorization server"},
    {"a_sub_with_a_bar", with_rule("principals: {subjects: ['auth0|123']}"),
     "a sub that has a \"|\" of its own is written with its issuer, ISSUER|auth0|123"},
    {"a_blank_at_the_end", with_rule("principals: {subjects: ['bob ']}"),
     "\"bob \" begins or ends with a blank, or has a line end in it"},
    {"a_line_end_in_quotes", with_rule("principals: {groups: [\"ops\\ndev\"]}"),
     "\"ops\\ndev\" begins or ends with a blank, or has a line end in it"},
    {"a_glob_of_members",
     "version: 1\nroles:\n  a: {members: {groups: ['group:*']}, scopes: [admin]}\n",
     "3:26: \"group:*\" matches nobody"},
    {"two_members_in_one",
     "version: 1\nroles:\n  a:\n    members:\n      subjects: bob, eve\n    scopes: [admin]\n",
     "5:17: \"bob, eve\" is one name"},
    {"blank_clause", with_rule("tools:"), "5:5: \"tools\" has no value"},
    {"unknown_tier", with_rule("tier: root"), "\"tier\" cannot be \"root\""},
    {"floor_above_ceiling", with_rule("tier_from: control"),
     "\"tier_from\" is above \"tier\" (observe)"},
    {"deny_with_a_ceiling", "version: 1\nrules: [{id: r, effect: deny, tier: control}]\n",
     "2:31: a denying rule has no ceiling"},
    {"deny_with_obligations",
     "version: 1\nrules: [{id: r, effect: deny, obligations: {timeout: 5s}}]\n",
     "a denying rule lets nothing run"},
    {"no_time", with_rule("obligations: {timeout: 0s}"), "\"timeout\" must be from 1s to 24h"},
    {"odd_time", with_rule("obligations: {timeout: soon}"), "\"soon\" is not a duration"},
    {"odd_size", with_rule("obligations: {output_limit: 64kb}"),
     "5:33: \"64kb\" is not a size from 1 to 64MiB"},
    {"great_size", with_rule("obligations: {output_limit: 65MiB}"), "is not a size"},
    {"unknown_obligation", with_rule("obligations: {timeot: 5s}"),
     "unknown key \"timeot\"; did you mean \"timeout\"?"},
    {"long_reason", with_rule("reason: " + std::string(201, 'x')), "\"reason\" may have 200 bytes"},
    {"reason_of_two_lines", with_rule("reason: \"a\\nb\""), "\"reason\" must be one line"},
    {"parameters_no_map", with_rule("parameters: [name]"), "\"parameters\" must be a mapping"},
};

const std::string on_name = "tools: [manage_container]\nparameters:\n  name: ";
const std::string on_path = "tools: [file_operations]\nparameters:\n  path: ";

const Row condition_rows[] = {
    {"none", with_rule(on_name + "{}"), "7:13: parameter \"name\" needs a condition"},
    {"bare_value", with_rule(on_name + "web"), "parameter \"name\" needs a condition"},
    {"unknown", with_rule(on_name + "{oneof: [a]}"),
     "7:14: unknown key \"oneof\"; did you mean \"one_of\"?"},
    {"blank", with_rule(on_name + "{equals: }"), "\"equals\" has no value"},
    {"no_choices", with_rule(on_name + "{one_of: []}"), "\"one_of\" must be a list of values"},
    {"bad_pattern", with_rule(on_name + "{pattern: 'a('}"), "the pattern \"a(\" is not valid"},
    {"big_pattern", with_rule(on_name + "{pattern: '((a{100}){100}){100}'}"), "is not valid"},
    {"min_above_max", with_rule(on_name + "{min: 5, max: 4}"), "\"min\" is greater than \"max\""},
    {"min_no_number", with_rule(on_name + "{min: few}"), "\"min\" must be a number"},
    {"max_infinite", with_rule(on_name + "{max: inf}"), "\"max\" must be a number"},
    {"negative_length", with_rule(on_name + "{max_length: -1}"), "\"max_length\""},
    {"relative_directory", with_rule(on_path + "{path_under: srv}"),
     "\"srv\" is not an absolute path"},
    {"directory_with_a_slash", with_rule(on_path + "{path_under: [/srv/]}"),
     "\"/srv/\" is not an absolute path"},
    {"several_directories", with_rule(on_path + "\n    path_under: /srv, /etc"),
     "\"/srv, /etc\" is one name; write several as a list, [/srv, /etc]"},
    {"a_block_of_values", with_rule(on_name + "\n    equals: |\n      web"),
     "\"web\\n\" ends with the line end of a block of text"},
    {"a_block_in_one_of", with_rule(on_name + "\n    one_of:\n      - |\n        web"),
     "\"web\\n\" ends with the line end of a block of text"},
    {"a_pattern_in_a_block", with_rule(on_path + "\n    pattern: |\n      /srv/.*"),
     "\"/srv/.*\\n\" ends with the line end of a block of text"},
    {"no_directory", with_rule(on_path + "{path_under: []}"),
     "\"path_under\" must list a directory"},
};

class PolicyFileRefuses : public ::testing::TestWithParam<Row> {};

TEST_P(PolicyFileRefuses, WithTheMessageOfTheTable)
{
    EXPECT_THAT(problems_of(GetParam().text), HasSubstr(GetParam().problem)) << GetParam().text;
}

const auto name_of_row = [](const auto& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(File, PolicyFileRefuses, ::testing::ValuesIn(rows), name_of_row);
INSTANTIATE_TEST_SUITE_P(Condition,
                         PolicyFileRefuses,
                         ::testing::ValuesIn(condition_rows),
                         name_of_row);

TEST(PolicyFile, ANameInQuotesMayHaveAnything)
{
    EXPECT_EQ(
        problems_of(with_rule("principals:\n  groups: \"Domain Users\"\n  subjects: ['a, b']")),
        "");
    EXPECT_EQ(problems_of(with_rule("principals: {subjects: [bob, eve], groups: [ops]}")), "");
    EXPECT_EQ(problems_of(with_rule("principals:\n  subjects: bob")), "");
    EXPECT_EQ(problems_of(with_rule("principals: {subjects: ['bob;eve', 'Eve Adams']}")), "");
    EXPECT_EQ(problems_of(with_rule("principals:\n  subjects: >-\n    bob")), "")
        << "a block of one name";
    EXPECT_EQ(problems_of(with_rule("principals: {actors: ['*']}")), "");
    EXPECT_EQ(problems_of(with_rule("principals:\n  subjects: [tailops|bob, local|eve, "
                                    "'https://idp.example|auth0|123']")),
              "");
}

TEST(PolicyFile, AForeignScopeIsNoneOfOurBusiness)
{
    EXPECT_EQ(
        problems_of(with_rule("principals: {scopes: ['https://api.example/ops', 'fleet:all']}")),
        "");
}

TEST(PolicyFile, TheGatewayItselfIsATarget)
{
    EXPECT_EQ(problems_of(with_rule("targets: {ids: [gateway]}")), "");
}

TEST(SamplePolicy, Loads)
{
    const auto path = tailops::testing::source_file("deploy/policy.yaml");
    std::ifstream file{path};
    ASSERT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    yaml::Problems problems;
    const auto policy = read_policy(text.str(), "policy.yaml", sample_words(), problems);
    EXPECT_EQ(problems.render(), "");
    EXPECT_EQ(policy.roles.size(), 3U);
}

}  // namespace
}  // namespace tailops::policy
