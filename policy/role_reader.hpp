#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/rule.hpp"

namespace tailops::policy {

/// Reads one entry of `roles:`. A role without members or without scopes is a problem: it would
/// stand there and give nobody anything.
Role read_role(const yaml::Node::Entry& entry, yaml::Problems& problems);

}  // namespace tailops::policy
