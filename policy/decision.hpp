#pragma once

#include "auth/principal.hpp"
#include "gateway/core/capability.hpp"
#include "gateway/core/ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tailops::policy {

/// What the policy may know of a target. targets::Target produces it; policy never sees hosts,
/// sockets or credentials.
struct TargetFacts {
    TargetId id;
    std::set<std::string> tags;
    std::string environment;  // "production", ...; may be empty
    CapabilitySet offers;
    /// The target's own wish (`require_approval` in targets.yaml): what a rule would allow above
    /// tier observe needs an approval here.
    bool requires_approval{false};
};

/// An argument of a call as the policy compares it. Paths are in canonical form.
using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
using Parameters = std::map<std::string, Value, std::less<>>;

/// The question put to the gate. Everything the answer depends on is in here, the time included, so
/// that a decision can be replayed from an audit record.
struct AccessRequest {
    auth::Principal principal;
    ToolName tool;
    Capability action;
    Tier tier{Tier::admin};
    TargetFacts target;
    Parameters parameters;  // schema-checked
    TimePoint now;
};

enum class Effect { allow, deny, require_approval, dry_run_only };

std::string_view to_string(Effect) noexcept;

/// What an allowed call must do besides run: enforced by targets::Bounded, recorded in the audit.
struct Obligations {
    std::chrono::milliseconds timeout{30'000};
    std::size_t output_limit_bytes{65'536};
    bool dry_run{false};
};

/// The gate's answer together with its evidence.
struct Decision {
    Effect effect{Effect::deny};
    std::string why{"no rule matched"};  // one clause, lower case, no period; fit for the caller
    std::optional<RuleId> rule;          // the rule that decided; empty when the default did
    Obligations obligations;
};

}  // namespace tailops::policy
