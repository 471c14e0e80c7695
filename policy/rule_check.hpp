#pragma once

#include "policy/file_names.hpp"
#include "policy/rule.hpp"
#include "policy/vocabulary.hpp"

#include <vector>

namespace tailops::policy {

/// Where the words of a rule stand that by themselves may never match.
struct RulePlaces {
    std::vector<ListedName> tools, capabilities, target_ids;
    yaml::Place parameters, targets;
};

/// Complains of tools, capabilities and targets for which the rule can never decide a call: out of
/// its tiers, conditions that no argument meets, a target that does not offer what the rule is
/// about. Where another tool or target would make the rule decide it is a notice: an allowing rule
/// whose selectors fit no target that offers it, a denial for a target that lacks what it denies, a
/// capability that no tool uses yet.
void check_can_decide(const Rule& rule,
                      const RulePlaces& places,
                      const Vocabulary& vocabulary,
                      yaml::MapReader& reader);

}  // namespace tailops::policy
