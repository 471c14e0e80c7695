#pragma once

#include "gateway/core/yaml.hpp"
#include "policy/rule.hpp"
#include "policy/vocabulary.hpp"

#include <string_view>

namespace tailops::policy {

/// Reads a policy file (docs/policy.md has the format). Everything wrong with it goes to
/// `problems`: unknown keys and names, bad patterns, duplicate ids, rules that can never decide.
/// What decides nothing only for want of a tool or a target becomes a notice.
Policy read_policy(std::string_view text,
                   std::string_view file,
                   const Vocabulary& vocabulary,
                   yaml::Problems& problems);

}  // namespace tailops::policy
