#include "gateway/core/capability.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tailops {
namespace {

constexpr std::array readonly_scopes = {"container:read", "file:read",     "logs:read",
                                        "network:read",   "security:read", "system:read"};

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

std::optional<Capability> Capability::find(std::string_view name) noexcept
{
    const auto at = std::ranges::lower_bound(capability_table, name, {}, &KnownCapability::name);
    if (at == capability_table.end() || at->name != name) return std::nullopt;
    return Capability{static_cast<std::size_t>(at - capability_table.begin())};
}

std::string Capability::text() const
{
    return row_ == none ? std::string{} : std::string{capability_table[row_].name};
}

std::optional<Capability> Capability::implied() const noexcept
{
    return row_ == none ? std::nullopt : find(capability_table[row_].implies);
}

Result<Capability> parse_capability(std::string_view text)
{
    if (const auto known = Capability::find(text)) return *known;
    std::vector<std::string_view> names;
    names.reserve(std::size(capability_table));
    for (const auto& known : capability_table) names.push_back(known.name);
    return fail(Errc::invalid_argument,
                "unknown capability " + quote(text) + did_you_mean(text, names));
}

CapabilitySet expand_scopes(const std::set<std::string>& scopes)
{
    CapabilitySet out{gateway_read()};
    const auto grant = [&out](std::string_view name) {
        for (auto next = Capability::find(name); next; next = next->implied()) out.insert(*next);
    };
    for (const auto& scope : scopes) {
        if (scope == "admin") {
            out.merge(CapabilitySet::all());
        } else if (scope == "readonly") {
            for (const auto* name : readonly_scopes) grant(name);
        } else {
            grant(scope);
        }
    }
    return out;
}

}  // namespace tailops
