#pragma once

#include "gateway/core/yaml.hpp"
#include "targets/target.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets {

/// Looks a variable up in the environment; passed in, because only app/ may read it.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// What a targets file says (docs/targets.md has the format, which users of the earlier system
/// know).
struct TargetsFile {
    std::string gateway_id;  // gateway.gateway_id; empty when not given
    std::vector<TargetSpec> targets;
    /// A capability that a target is said to offer, and where.
    struct Offer {
        TargetId target;
        Capability capability;
        yaml::Place place;
    };
    std::vector<Offer> offers;  // as written, without those they imply
};

/// Reads `targets.yaml` (or JSON). Everything wrong goes to `problems` with its place; keys that
/// are documented but have no effect yet become notices.
TargetsFile read_targets(std::string_view text,
                         std::string_view file,
                         const Environment& environment,
                         yaml::Problems& problems);

}  // namespace tailops::targets
