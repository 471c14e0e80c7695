#pragma once

#include "policy/rule.hpp"
#include "policy/vocabulary.hpp"

#include <string_view>
#include <vector>

namespace tailops::policy {

/// Whether an argument of this shape could meet the condition in a rule of this effect. Says yes
/// when it cannot tell.
bool could_meet(const Constraint& constraint, const ParameterShape& shape, Effect effect);

/// Whether the rule is about calls of this tool and form, by its clauses on tools, capabilities and
/// arguments; whatever the tier.
bool could_be_about(const Rule& rule, std::string_view tool, const ToolForm& form);

/// The same, within the rule's tiers.
bool could_decide(const Rule& rule, std::string_view tool, const ToolForm& form);

/// A form and the tool it is one of. Borrows from a vocabulary.
struct NamedForm {
    std::string_view tool;
    const ToolForm* form;
};

/// The forms of calls that a rule could decide, in the order of the tools' names.
std::vector<NamedForm> forms_of(const Rule& rule, const Vocabulary& vocabulary);

/// Whether a call of this form can reach the target's rules: the target offers what it needs and is
/// of a kind that can carry it out.
bool is_possible_on(const ToolForm& form, const TargetFacts& target);

}  // namespace tailops::policy
