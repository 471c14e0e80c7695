#include "policy/coverage.hpp"

#include "policy/constraint.hpp"
#include "policy/glob.hpp"
#include "policy/match.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

/// An empty set says nothing, so it covers every set and only an empty one covers it.
template <class Set>
bool set_covers(const Set& wide, const Set& narrow)
{
    return wide.empty() || (!narrow.empty() && std::ranges::includes(wide, narrow));
}

bool ids_cover(const std::set<std::string>& wide, const std::set<std::string>& narrow)
{
    if (wide.empty()) return true;
    return !narrow.empty() && std::ranges::all_of(narrow, [&](const auto& inner) {
        return std::ranges::any_of(wide,
                                   [&](const auto& outer) { return glob_covers(outer, inner); });
    });
}

bool tiers_cover(const Rule& wide, const Rule& narrow)
{
    return wide.at_least <= narrow.at_least &&
           (wide.effect == Effect::deny || wide.at_most >= narrow.at_most);
}

bool principals_cover(const PrincipalMatch& wide, const PrincipalMatch& narrow)
{
    return set_covers(wide.subjects, narrow.subjects) && set_covers(wide.roles, narrow.roles) &&
           set_covers(wide.groups, narrow.groups) && set_covers(wide.clients, narrow.clients) &&
           set_covers(wide.scopes, narrow.scopes);
}

bool parameters_cover(const Rule& wide, const Rule& narrow)
{
    return std::ranges::all_of(wide.parameters, [&](const auto& entry) {
        const auto& [name, constraint] = entry;
        const auto at = narrow.parameters.find(name);
        if (at == narrow.parameters.end()) return false;
        // All but an allowing rule match the unknown as well, which is only the same unknown when
        // the constraints are the same.
        return narrow.effect == Effect::allow ? implies(at->second, constraint)
                                              : same_constraint(at->second, constraint);
    });
}

}  // namespace

bool covers(const Rule& stronger, const Rule& weaker)
{
    return rank(stronger.effect) > rank(weaker.effect) &&
           set_covers(stronger.capabilities, weaker.capabilities) &&
           set_covers(stronger.tools, weaker.tools) && tiers_cover(stronger, weaker) &&
           principals_cover(stronger.principals, weaker.principals) &&
           ids_cover(stronger.targets.ids, weaker.targets.ids) &&
           set_covers(stronger.targets.tags, weaker.targets.tags) &&
           set_covers(stronger.targets.environments, weaker.targets.environments) &&
           parameters_cover(stronger, weaker);
}

}  // namespace tailops::policy
