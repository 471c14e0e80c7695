#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/policy_file.hpp"

#include <string>

namespace tailops::policy {

/// What a rule says of tools and capabilities.
struct ToolClauses {
    CapabilitySet capabilities;
    std::set<std::string> tools;
};

/// Reads `capabilities:` (with "container:*" and "*") and `tools:` of a rule. Unknown names, and
/// capabilities and tools that have nothing to do with each other, become problems.
ToolClauses read_tool_clauses(yaml::MapReader& rule, const Vocabulary& vocabulary);

/// Complains of a parameter that a tool of the rule does not have; of a rule without tools, that
/// none has which exercises one of its capabilities.
void check_parameter(const yaml::Node::Entry& parameter,
                     const Rule& rule,
                     const Vocabulary& vocabulary,
                     yaml::Problems& problems,
                     const std::string& file);

}  // namespace tailops::policy
