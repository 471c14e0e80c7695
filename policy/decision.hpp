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
    /// By what kind of connection it is reached ("docker"): what can be carried out there at all.
    /// Empty: not known.
    std::string kind{};
};

/// An argument of a call as the policy compares it. Paths are in canonical form.
using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
using Parameters = std::map<std::string, Value, std::less<>>;

/// What else an argument means: a deny on a thing's name must hold whatever the caller calls it.
/// An allowing rule is held against the argument and `same` alone, every other one against all.
struct Aliases {
    std::vector<std::string> same;    // other ways to write the argument itself: "ssh"
    std::vector<std::string> others;  // names that lead to the same thing: an id, an alias
    bool any_case{false};             // some servers take "/ADMIN" for "/admin"
};
using AliasesByName = std::map<std::string, Aliases, std::less<>>;

enum class Effect { allow, deny, require_approval, dry_run_only };

std::string_view to_string(Effect) noexcept;

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
    AliasesByName aliases{};  // of `parameters`
    /// The mildest answer there may be, whatever the rules say: for a call that no rule speaks of
    /// by itself and that must not get around those about others.
    Effect mildest{Effect::allow};
};

/// What an allowed call must do besides run: enforced by targets::Bounded, recorded in the audit.
struct Obligations {
    std::chrono::milliseconds timeout{30'000};  // of one operation
    bool has_own_timeout{false};                // a rule set it; else it may give way to a tool's
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
