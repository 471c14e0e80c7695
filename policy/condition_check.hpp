#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/vocabulary.hpp"

#include <string>
#include <vector>

namespace tailops::policy {

/// A parameter of a rule, and what it can be in the calls that the rule is about.
struct ConditionSubject {
    std::string name;
    std::vector<const ParameterShape*> shapes;  // of the tools that have it; not empty
};

/// Complains of what a condition names and no argument can be: a value that the schema refuses, a
/// bound beyond those of the schema, a condition for another type. `node` is the condition's
/// mapping, which read_constraint has accepted.
void check_condition(const yaml::Node& node,
                     const ConditionSubject& subject,
                     yaml::Problems& problems);

}  // namespace tailops::policy
