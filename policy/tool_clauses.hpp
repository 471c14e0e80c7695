#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/file_names.hpp"
#include "policy/rule.hpp"
#include "policy/vocabulary.hpp"

#include <string>

namespace tailops::policy {

/// What a rule says of tools and capabilities.
struct ToolClauses {
    CapabilitySet capabilities;
    std::set<std::string> tools;
    std::vector<ListedName> capability_names, tool_names;  // as they stand there
};

/// What a word of `capabilities:` stands for: itself, all of a domain ("container:*"), or all
/// ("*"). Nothing when it is not known.
CapabilitySet capabilities_meant(const std::string& word);

/// Reads `capabilities:` (with "container:*" and "*") and `tools:` of a rule. Unknown names, and
/// capabilities and tools that have nothing to do with each other, become problems.
ToolClauses read_tool_clauses(yaml::MapReader& rule, const Vocabulary& vocabulary);

/// What a parameter of the rule can be in the calls that the rule is about: the shapes that the
/// rule's tools give it, or, of a rule without tools, those that exercise one of its capabilities.
/// Complains of a parameter that a tool of the rule does not have, or none; then there are no
/// shapes.
std::vector<const ParameterShape*> shapes_of(const yaml::Node::Entry& parameter,
                                             const Rule& rule,
                                             const Vocabulary& vocabulary,
                                             yaml::MapReader& reader);

}  // namespace tailops::policy
