#include "gateway/core/capability.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tailops {
namespace {

// The names that users of the earlier systems have in their files are all known here, so that their
// files load; `tailops check` says which of them no tool of this version exercises.
constexpr std::array capabilities = std::to_array<KnownCapability>({
    {"audit:read", "read the audit trail", ""},
    {"backup:read", "list backups", ""},
    {"backup:write", "create backups", "backup:read"},
    {"cache:read", "read caches", ""},
    {"cache:write", "change caches", "cache:read"},
    {"container:admin", "create, replace and remove containers", "container:write"},
    {"container:control", "start, stop and restart containers", "container:write"},
    {"container:read", "list, inspect and read the logs of containers", ""},
    {"container:write", "start, stop and restart containers", "container:read"},
    {"database:read", "read databases", ""},
    {"database:write", "change databases", "database:read"},
    {"docker:admin", "pull and remove images", "docker:write"},
    {"docker:read", "list images and networks", ""},
    {"docker:write", "change images and networks", "docker:read"},
    {"file:read", "list, read and search files in allowed places", ""},
    {"file:write", "write files in allowed places", "file:read"},
    {"gateway:admin", "change the gateway itself", "gateway:read"},
    {"gateway:read", "ask the gateway about itself", ""},
    {"http:read", "read from an HTTP API (GET, HEAD)", ""},
    {"http:write", "change things through an HTTP API", "http:read"},
    {"inventory:read", "read the inventory", ""},
    {"logs:read", "read logs", ""},
    {"metrics:read", "read metrics", ""},
    {"monitoring:read", "read monitoring data", ""},
    {"network:control", "change the network", "network:diag"},
    {"network:diag", "probe the network from a target", "network:read"},
    {"network:read", "read interfaces, addresses and connections", ""},
    {"network:write", "change the network", "network:diag"},
    {"package:install", "install packages", "package:read"},
    {"package:read", "list packages", ""},
    {"security:admin", "change security settings", "security:write"},
    {"security:read", "read security findings", ""},
    {"security:scan", "run security scans", "security:read"},
    {"security:write", "change security settings", "security:scan"},
    {"service:control", "start, stop and restart services", "service:read"},
    {"service:read", "read the state of services", ""},
    {"stack:deploy", "deploy stacks", "stack:write"},
    {"stack:read", "list stacks", ""},
    {"stack:write", "update stacks", "stack:read"},
    {"system:admin", "administer the machine", "system:write"},
    {"system:control", "change the state of the machine", "system:read"},
    {"system:read", "read the state of the machine", ""},
    {"system:write", "change the state of the machine", "system:read"},
});

static_assert(std::ranges::is_sorted(capabilities, {}, &KnownCapability::name));

const KnownCapability* find(std::string_view name)
{
    const auto at = std::ranges::lower_bound(capabilities, name, {}, &KnownCapability::name);
    return at != capabilities.end() && at->name == name ? &*at : nullptr;
}

Capability split(std::string_view name)
{
    const auto colon = name.find(':');
    return {std::string{name.substr(0, colon)}, std::string{name.substr(colon + 1)}};
}

constexpr std::array readonly_scopes = {"container:read", "file:read", "network:read",
                                        "security:read", "system:read"};

}  // namespace

std::string_view to_string(Tier tier) noexcept
{
    switch (tier) {
    case Tier::observe: return "observe";
    case Tier::control: return "control";
    case Tier::admin: return "admin";
    }
    return "admin";
}

Result<Tier> parse_tier(std::string_view text)
{
    for (const auto tier : {Tier::observe, Tier::control, Tier::admin}) {
        if (to_string(tier) == text) return tier;
    }
    return fail(Errc::invalid_argument,
                "unknown tier " + quote(text) + "; use observe, control or admin");
}

std::span<const KnownCapability> known_capabilities() noexcept
{
    return capabilities;
}

Result<Capability> parse_capability(std::string_view text)
{
    if (find(text)) return split(text);
    std::vector<std::string_view> names;
    names.reserve(std::size(capabilities));
    for (const auto& known : capabilities) names.push_back(known.name);
    return fail(Errc::invalid_argument,
                "unknown capability " + quote(text) + did_you_mean(text, names));
}

const Capability& gateway_read()
{
    static const Capability capability{"gateway", "read"};
    return capability;
}

CapabilitySet expand_scopes(const std::set<std::string>& scopes)
{
    CapabilitySet out{gateway_read()};
    const auto grant = [&out](std::string_view name) {
        for (const auto* known = find(name); known; known = find(known->implies)) {
            out.insert(split(known->name));
        }
    };
    for (const auto& scope : scopes) {
        if (scope == "admin") {
            for (const auto& known : capabilities) out.insert(split(known.name));
        } else if (scope == "readonly") {
            for (const auto* name : readonly_scopes) grant(name);
        } else {
            grant(scope);
        }
    }
    return out;
}

}  // namespace tailops
