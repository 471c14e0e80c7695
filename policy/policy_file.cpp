#include "policy/policy_file.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "policy/coverage.hpp"
#include "policy/role_reader.hpp"
#include "policy/rule_reader.hpp"

namespace tailops::policy {
namespace {

using Kind = yaml::Node::Kind;

struct PlacedRule {
    Rule rule;
    yaml::Node at;
};

std::vector<Role> read_roles(yaml::MapReader& reader)
{
    std::vector<Role> roles;
    const auto node = reader.node("roles");
    if (!node) return roles;
    if (node->kind() != Kind::map) {
        reader.complain(*node, "\"roles\" must be a mapping of names to roles");
    }
    for (const auto& entry : node->entries()) {
        roles.push_back(read_role(entry, reader.problems()));
    }
    return roles;
}

/// The rules that have nothing wrong with them; the others are in the problems.
std::vector<PlacedRule> read_rules(yaml::MapReader& reader, const RuleContext& context)
{
    std::vector<PlacedRule> rules;
    const auto node = reader.node("rules");
    if (!node) return rules;
    if (node->kind() != Kind::list) {
        reader.complain(*node, "\"rules\" must be a list of rules");
    }
    auto& problems = reader.problems();
    std::map<RuleId, int> lines;
    for (const auto& item : node->items()) {
        const auto before = problems.all().size();
        auto rule = read_rule(item, context, problems);
        const auto [first, is_new] = lines.try_emplace(rule.id, rule.line);
        if (!is_new && !rule.id.empty()) {
            reader.complain(item, "the id " + quote(rule.id.view()) +
                                      " is that of the rule on line " +
                                      std::to_string(first->second) + " already");
        }
        if (problems.all().size() == before) rules.push_back({std::move(rule), item});
    }
    return rules;
}

/// `rule "all" (line 12) always decides first`, or several that do so together.
std::string deciders(const std::vector<const Rule*>& rules)
{
    std::string names;
    for (const auto* rule : rules) {
        names += (names.empty() ? "" : ", ") + quote(rule->id.view()) + " (line " +
                 std::to_string(rule->line) + ")";
    }
    return rules.size() == 1 ? "rule " + names + " always decides first"
                             : "one of the rules " + names + " always decides first";
}

void refuse_unreachable(const std::vector<PlacedRule>& rules,
                        const Vocabulary& vocabulary,
                        const std::vector<Role>& roles,
                        yaml::Problems& problems)
{
    std::vector<const Rule*> plain;
    for (const auto& [rule, at] : rules) plain.push_back(&rule);
    const Coverage coverage{vocabulary, roles, plain};
    for (const auto& [rule, at] : rules) {
        if (rule.effect == Effect::deny) continue;
        std::vector<const Rule*> covering;
        for (const auto& [other, other_at] : rules) {
            if (!covers(other, rule)) continue;
            covering = {&other};
            break;
        }
        if (covering.empty()) covering = coverage.covering(rule);
        if (covering.empty()) continue;
        problems.add(at.file(), at.place(),
                     "rule " + quote(rule.id.view()) + " is unreachable: " + deciders(covering));
    }
}

void read_version(yaml::MapReader& reader)
{
    const auto version = reader.required_text("version");
    if (!version.empty() && version != "1") {
        reader.complain(*reader.node("version"), "\"version\" must be 1, the only one there is");
    }
}

}  // namespace

Policy read_policy(std::string_view text,
                   std::string_view file,
                   const Vocabulary& vocabulary,
                   yaml::Problems& problems)
{
    const auto before = problems.all().size();
    Policy policy;
    policy.version = to_hex(sha256(text));
    const auto root = yaml::parse(text, file, problems);
    if (root.kind() == Kind::null) {
        if (problems.all().size() == before) problems.add(file, {}, "the policy is empty");
        return policy;
    }
    yaml::MapReader reader{root, problems, "policy"};
    if (root.kind() != Kind::map) return policy;  // the reader has complained
    read_version(reader);
    auto roles = read_roles(reader);
    std::set<std::string> role_names;
    for (const auto& role : roles) role_names.insert(role.name);
    auto rules = read_rules(reader, {.vocabulary = vocabulary, .roles = role_names});
    reader.finish();
    refuse_unreachable(rules, vocabulary, roles, problems);
    // A policy with a mistake in it allows nothing, even to a caller who does not look at problems.
    if (problems.all().size() != before) return policy;
    policy.roles = std::move(roles);
    for (auto& [rule, at] : rules) policy.rules.push_back(std::move(rule));
    return policy;
}

}  // namespace tailops::policy
