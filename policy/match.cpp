#include "policy/match.hpp"

#include "gateway/core/text.hpp"
#include "policy/constraint.hpp"
#include "policy/glob.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

using Names = std::set<std::string>;

bool intersects(const Names& a, const Names& b)
{
    const auto& fewer = a.size() <= b.size() ? a : b;
    const auto& more = a.size() <= b.size() ? b : a;
    return std::ranges::any_of(fewer, [&](const auto& name) { return more.contains(name); });
}

bool names_target(const Names& ids, const std::string& id)
{
    return ids.contains(id) || std::ranges::any_of(ids, [&](const auto& pattern) {
               return is_glob(pattern) && glob_matches(pattern, id);
           });
}

bool names_actor(const Names& actors, const auth::Identity& identity)
{
    if (identity.actors.empty()) return false;
    return actors.contains(std::string{any_actor}) || actors.contains(identity.actors.front());
}

/// The first clause about the caller that does not match.
Clause mismatch(const PrincipalMatch& rule, const Question& question)
{
    const auto& [identity, roles, capabilities] = question.principal;
    if (!rule.subjects.empty() && !names_subject(rule.subjects, identity, question.principal_key))
        return Clause::subject;
    if (!rule.roles.empty() && !intersects(rule.roles, roles)) return Clause::role;
    if (!rule.groups.empty() && !intersects(rule.groups, identity.groups)) return Clause::group;
    if (!rule.clients.empty() && !rule.clients.contains(identity.client_id)) return Clause::client;
    if (!rule.actors.empty() && !names_actor(rule.actors, identity)) return Clause::actor;
    if (rule.scopes.empty()) return Clause::none;
    const bool has_scope = identity.scopes && intersects(rule.scopes, *identity.scopes);
    return has_scope ? Clause::none : Clause::scope;
}

std::string list_of(const Names& names)
{
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + quote(name);
    return out.empty() ? "none" : out;
}

std::string tiers_of(const Rule& rule)
{
    const auto from = std::string{to_string(rule.at_least)};
    if (rule.effect == Effect::deny) return "from " + from + " up";
    return "from " + from + " to " + std::string{to_string(rule.at_most)};
}

std::string describe_parameter(const Match& match)
{
    const auto name = "parameter " + quote(*match.parameter);
    if (match.condition == "present") return name + " is absent";
    return name + " does not meet " + std::string{match.condition};
}

/// How the argument comes out under whichever of its spellings satisfies the rule.
Finding find_out(const Constraint& constraint,
                 const Value* value,
                 const Aliases* aliases,
                 Effect effect)
{
    const bool allows = effect == Effect::allow;
    const auto letters =
        aliases && aliases->any_case && !allows ? Letters::any_case : Letters::exact;
    const auto first = evaluate(constraint, value, letters);
    if (!aliases || satisfies(first.truth, effect)) return first;
    const auto fits = [&](const std::string& spelling) {
        const Value other{spelling};
        return satisfies(evaluate(constraint, &other, letters).truth, effect);
    };
    const bool found = std::ranges::any_of(aliases->same, fits) ||
                       (!allows && std::ranges::any_of(aliases->others, fits));
    return found ? Finding{} : first;
}

const Aliases* aliases_of(const std::string& parameter, const Question& question)
{
    if (!question.aliases) return nullptr;
    const auto at = question.aliases->find(parameter);
    return at == question.aliases->end() ? nullptr : &at->second;
}

}  // namespace

bool names_subject(const Names& subjects, const auth::Identity& identity, const std::string& key)
{
    const auto has_plain = [&](const std::string& name) {
        return name.find('|') == std::string::npos && subjects.contains(name);
    };
    return has_plain(identity.subject.str()) || has_plain(identity.name) || subjects.contains(key);
}

Clause mismatch(const TargetMatch& rule, const TargetFacts& target)
{
    if (!rule.ids.empty() && !names_target(rule.ids, target.id.str())) return Clause::target;
    if (!rule.tags.empty() && !intersects(rule.tags, target.tags)) return Clause::tag;
    if (rule.environments.empty() || rule.environments.contains(target.environment)) {
        return Clause::none;
    }
    return Clause::environment;
}

Match match(const Rule& rule, const Question& question)
{
    const auto no = [](Clause clause) { return Match{Fit::no, clause, nullptr, {}}; };
    if (!rule.capabilities.empty() && !rule.capabilities.contains(question.action)) {
        return no(Clause::capability);
    }
    if (!within_tiers(rule, question.tier)) return no(Clause::tier);
    Match result;
    if (!rule.tools.empty()) {
        if (!question.tool)
            result.fit = Fit::maybe;
        else if (!rule.tools.contains(question.tool->str()))
            return no(Clause::tool);
    }
    if (const auto c = mismatch(rule.principals, question); c != Clause::none) return no(c);
    if (const auto c = mismatch(rule.targets, question.target); c != Clause::none) return no(c);
    if (!question.parameters) {
        if (!rule.parameters.empty()) result.fit = Fit::maybe;
        return result;
    }
    for (const auto& [name, constraint] : rule.parameters) {
        if (question.open && question.open->contains(name)) {
            result.fit = Fit::maybe;
            continue;
        }
        const auto at = question.parameters->find(name);
        const auto* value = at == question.parameters->end() ? nullptr : &at->second;
        const auto finding = find_out(constraint, value, aliases_of(name, question), rule.effect);
        if (satisfies(finding.truth, rule.effect)) continue;
        return {Fit::no, Clause::parameter, &name, finding.condition};
    }
    return result;
}

std::string describe(const Match& match, const Rule& rule, const Question& question)
{
    const auto& [identity, roles, capabilities] = question.principal;
    const auto& target = question.target;
    switch (match.clause) {
    case Clause::none: return match.fit == Fit::yes ? "matches" : "depends on the arguments";
    case Clause::capability: return "is not about capability " + quote(question.action.text());
    case Clause::tier:
        return "covers tiers " + tiers_of(rule) + "; the call is " +
               std::string{to_string(question.tier)};
    case Clause::tool: return "is not about tool " + quote(question.tool->view());
    case Clause::subject: return "is not about subject " + quote(identity.subject.view());
    case Clause::role:
        return "is for roles " + list_of(rule.principals.roles) + "; the caller has " +
               list_of(roles);
    case Clause::group:
        return "is for groups " + list_of(rule.principals.groups) + "; the caller has " +
               list_of(identity.groups);
    case Clause::client: return "is not about client " + quote(identity.client_id);
    case Clause::actor:
        return "is about actors " + list_of(rule.principals.actors) + "; " +
               (identity.actors.empty() ? "nobody acts for the caller"
                                        : quote(identity.actors.front()) + " acts for the caller");
    case Clause::scope: return "is for tokens with scopes " + list_of(rule.principals.scopes);
    case Clause::target: return "is not about target " + quote(target.id.view());
    case Clause::tag:
        return "is for tags " + list_of(rule.targets.tags) + "; the target has " +
               list_of(target.tags);
    case Clause::environment:
        return "is for environments " + list_of(rule.targets.environments) + "; the target is in " +
               quote(target.environment);
    case Clause::parameter: return describe_parameter(match);
    }
    return "does not match";
}

}  // namespace tailops::policy
