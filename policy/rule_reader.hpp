#pragma once

#include "policy/policy_file.hpp"

#include <set>
#include <string>

namespace tailops::policy {

/// What a rule is checked against.
struct RuleContext {
    const Vocabulary& vocabulary;
    const std::set<std::string>& roles;  // those the file declares
};

/// Reads one item of `rules:`. What is wrong with it goes to `problems`; the rule is then of no
/// use.
Rule read_rule(const yaml::Node& node, const RuleContext& context, yaml::Problems& problems);

}  // namespace tailops::policy
