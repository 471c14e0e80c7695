#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/rule.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tailops::policy {

/// The names a policy may speak of, from the layers above: a rule about a tool, a parameter or a
/// target that does not exist is a mistake that would silently never match.
struct Vocabulary {
    struct Tool {
        CapabilitySet capabilities;
        std::set<std::string> parameters;
    };
    std::map<std::string, Tool, std::less<>> tools;
    std::set<std::string> targets;
    std::set<std::string> tags;
    std::set<std::string> environments;
};

/// Reads a policy file (docs/policy.md has the format). Everything wrong with it goes to
/// `problems`: unknown keys and names, bad patterns, duplicate ids, rules that can never decide.
Policy read_policy(std::string_view text,
                   std::string_view file,
                   const Vocabulary& vocabulary,
                   yaml::Problems& problems);

}  // namespace tailops::policy
