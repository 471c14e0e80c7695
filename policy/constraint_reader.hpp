#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/rule.hpp"

#include <string>

namespace tailops::policy {

/// Reads the condition on parameter `name` of a rule with this effect, e.g. `{one_of: [web, db]}`.
Constraint read_constraint(const yaml::Node& node,
                           const std::string& name,
                           Effect effect,
                           yaml::Problems& problems);

/// A scalar as the type it is written in: true, 5, 0.5, or text.
Value scalar_of(const yaml::Node& node);

}  // namespace tailops::policy
