#pragma once

#include "gateway/call/world.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace tailops::service {

/// What the policy lets `principal` do on each of `targets`: for each capability that it holds and
/// the target offers, from tier to tier, the effect, the deciding rule and the obligations. What
/// depends on the tool or the arguments of a call is named as conditional.
///
///     {"note", "targets": [{"ids", "capabilities": [{"capability", "tiers": [{"up_to", "effect",
///     "rule", "timeout_ms", "output_limit_bytes", "dry_run", "conditional": [{"rule", "effect",
///     "tools", "arguments"}]}]}]}], "targets_left_out"}
///
/// Targets of which the same is to be said share an entry. Bounded: 256 targets in 64 entries, 16
/// conditions each; what is left out is counted. Pure, but for the time that it takes: some
/// decisions for each target.
nlohmann::json effective_policy(const policy::Gate& gate,
                                const auth::Principal& principal,
                                const std::vector<const policy::TargetFacts*>& targets);

}  // namespace tailops::service
