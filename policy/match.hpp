#pragma once

#include "policy/rule.hpp"

#include <string>
#include <string_view>

namespace tailops::policy {

/// What decide, explain, mildest and outlook ask of a rule: an AccessRequest, or one of which
/// the tool or the parameters are not known yet. Borrows everything; lives for one decision.
struct Question {
    const auth::Principal& principal;
    const std::string& principal_key;  // Identity::key(), built once
    const ToolName* tool;              // null: any tool
    const Capability& action;
    Tier tier;
    const TargetFacts& target;
    const Parameters* parameters;           // null: not known
    const AliasesByName* aliases{nullptr};  // of the parameters; null: none
    /// Names of parameters that the call will have and whose values are not known; null: none.
    const std::set<std::string>* open{nullptr};
};

/// The clauses of a rule, in the order in which they are looked at.
enum class Clause {
    none,
    capability,
    tier,
    tool,
    subject,
    role,
    group,
    client,
    actor,
    scope,
    target,
    tag,
    environment,
    parameter
};

/// Whether a rule applies. `maybe`: it depends on what the question leaves open.
enum class Fit { no, maybe, yes };

struct Match {
    Fit fit{Fit::yes};
    Clause clause{Clause::none};            // the first that does not match
    const std::string* parameter{nullptr};  // of Clause::parameter; belongs to the rule
    std::string_view condition;             // of Clause::parameter: "one_of"
};

/// The one evaluator of rules: every answer of the gate comes from here.
Match match(const Rule& rule, const Question& question);

/// A clause for `tailops policy explain`: "matches", or what does not. Never shows an argument,
/// which may be a secret.
std::string describe(const Match& match, const Rule& rule, const Question& question);

/// Whether calls of this tier are the rule's business. A denying rule has no ceiling.
constexpr bool within_tiers(const Rule& rule, Tier tier) noexcept
{
    return tier >= rule.at_least && (rule.effect == Effect::deny || tier <= rule.at_most);
}

/// The first clause about the target that does not match.
Clause mismatch(const TargetMatch& rule, const TargetFacts& target);

/// Deny first: the order in which matching rules outrank one another.
constexpr int rank(Effect effect) noexcept
{
    switch (effect) {
    case Effect::deny: return 3;
    case Effect::require_approval: return 2;
    case Effect::dry_run_only: return 1;
    case Effect::allow: return 0;
    }
    return 3;
}

}  // namespace tailops::policy
