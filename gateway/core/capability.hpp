#pragma once

#include "gateway/core/error.hpp"

#include <compare>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace tailops {

/// How much harm an action can do. Ordered: a grant for a tier covers the tiers before it.
enum class Tier { observe, control, admin };

std::string_view to_string(Tier) noexcept;
Result<Tier> parse_tier(std::string_view);

/// One thing that can be done, e.g. {"container", "write"}: the unit of scope, of what a target
/// offers and of a policy rule. Printed and configured as "container:write".
struct Capability {
    std::string domain;
    std::string verb;
    std::string text() const { return domain + ":" + verb; }
    friend auto operator<=>(const Capability&, const Capability&) = default;
};

using CapabilitySet = std::set<Capability>;

/// A capability that the gateway knows, whether or not a tool of this version exercises it.
struct KnownCapability {
    std::string_view name;     // "container:write"
    std::string_view meaning;  // one clause for people
    std::string_view implies;  // the next narrower capability, or empty (a scope hierarchy)
};

/// The closed set, sorted by name. A configuration file that names another refuses to load.
std::span<const KnownCapability> known_capabilities() noexcept;

/// "container:write" as a Capability. Errors: invalid_argument, with a suggestion.
Result<Capability> parse_capability(std::string_view text);

/// What every authenticated principal holds: asking the gateway about itself.
const Capability& gateway_read();

/// The capabilities that scopes grant: a known capability grants itself and what it implies,
/// `admin` all of them, `readonly` the `*:read` of system, network, container, file and security.
/// Scopes that are not ours (openid, email, ...) grant nothing. Always contains gateway_read().
CapabilitySet expand_scopes(const std::set<std::string>& scopes);

}  // namespace tailops
