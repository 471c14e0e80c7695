#pragma once

#include "policy/rule.hpp"
#include "policy/vocabulary.hpp"

#include <span>
#include <vector>

namespace tailops::policy {

/// Whether `stronger` outranks `weaker` and matches whatever `weaker` matches, so that `weaker`
/// never decides. Compares clause by clause and says no when it cannot tell: a yes is never wrong.
bool covers(const Rule& stronger, const Rule& weaker);

/// Finds rules that never decide with what is known of tools, targets and roles: that a tool needs
/// one capability only, in which environment a target is, whose member a subject is. Borrows all.
class Coverage {
public:
    Coverage(const Vocabulary& vocabulary,
             const std::vector<Role>& roles,
             std::span<const Rule* const> rules);

    /// The rules that together decide every call that `weaker` matches; none when a call may be
    /// left to it. One that does so alone comes alone.
    std::vector<const Rule*> covering(const Rule& weaker) const;

private:
    /// A part of a rule: one of the things that each of its clauses lists.
    struct Part {
        Rule rule;
        std::set<std::string> sure_roles;  // that whoever it matches has
        const TargetFacts* target;         // null: any that its clauses match
    };
    std::vector<Part> parts_of(const Rule& rule) const;
    std::set<std::string> sure_roles_of(const PrincipalMatch& one) const;
    static bool part_is_covered(const Rule& stronger, const Part& part);

    const Vocabulary& vocabulary_;
    const std::vector<Role>& roles_;
    std::vector<const Rule*> stronger_;  // whatever outranks an allowing rule
};

}  // namespace tailops::policy
