#include "policy/coverage.hpp"

#include "policy/constraint.hpp"
#include "policy/glob.hpp"
#include "policy/match.hpp"
#include "policy/possible.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

// More parts than a rule that a person wrote has; beyond them it is compared as a whole only.
constexpr std::size_t parts_max = 256;

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

bool actors_cover(const std::set<std::string>& wide, const std::set<std::string>& narrow)
{
    if (wide.contains(std::string{any_actor})) return !narrow.empty();
    return set_covers(wide, narrow);
}

bool principals_cover(const PrincipalMatch& wide, const PrincipalMatch& narrow)
{
    return set_covers(wide.subjects, narrow.subjects) && set_covers(wide.roles, narrow.roles) &&
           set_covers(wide.groups, narrow.groups) && set_covers(wide.clients, narrow.clients) &&
           set_covers(wide.scopes, narrow.scopes) && actors_cover(wide.actors, narrow.actors);
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

/// Whether the arguments that satisfy `weaker` in a call of this form all satisfy `stronger`.
bool parameters_cover(const Rule& stronger, const Rule& weaker, const ToolForm& form)
{
    return std::ranges::all_of(stronger.parameters, [&](const auto& entry) {
        const auto& [name, wide] = entry;
        const auto shape = form.parameters.find(name);
        // Absent is unknown, which satisfies whatever outranks an allowing rule.
        if (shape == form.parameters.end()) return true;
        const auto narrow = weaker.parameters.find(name);
        if (shape->second.choices.empty()) {
            if (narrow == weaker.parameters.end()) return false;
            return weaker.effect == Effect::allow ? implies(narrow->second, wide)
                                                  : same_constraint(narrow->second, wide);
        }
        return std::ranges::all_of(shape->second.choices, [&](const auto& choice) {
            const Value value{choice};
            if (satisfies(evaluate(wide, &value).truth, stronger.effect)) return true;
            return narrow != weaker.parameters.end() &&
                   !satisfies(evaluate(narrow->second, &value).truth, weaker.effect);
        });
    });
}

/// Replaces each rule by several, with one of the things that `set` lists in each.
template <class Get>
void split_by(std::vector<Rule>& rules, Get get)
{
    std::vector<Rule> out;
    for (auto& rule : rules) {
        const std::set<std::string> listed = get(rule);
        if (listed.size() < 2) {
            out.push_back(std::move(rule));
            continue;
        }
        for (const auto& one : listed) {
            out.push_back(rule);
            get(out.back()) = {one};
        }
    }
    rules = std::move(out);
}

std::size_t parts_in(const PrincipalMatch& principals)
{
    std::size_t out = 1;
    for (const auto* set : {&principals.subjects, &principals.roles, &principals.groups,
                            &principals.clients, &principals.scopes}) {
        if (!set->empty()) out *= set->size();
        if (out > parts_max) return out;
    }
    return out;
}

bool is_subset(const std::set<std::string>& narrow, const std::set<std::string>& wide)
{
    return std::ranges::includes(wide, narrow);
}

bool targets_cover(const TargetMatch& wide, const TargetMatch& narrow)
{
    return ids_cover(wide.ids, narrow.ids) && set_covers(wide.tags, narrow.tags) &&
           set_covers(wide.environments, narrow.environments);
}

bool form_is_covered(const Rule& stronger, const Rule& weaker, const NamedForm& form)
{
    // What names no tool and no capability may be meant for those of a later version.
    const bool is_open = weaker.tools.empty() && weaker.capabilities.empty();
    if (is_open && !(stronger.tools.empty() && stronger.capabilities.empty() &&
                     tiers_cover(stronger, weaker))) {
        return false;
    }
    const auto& tools = stronger.tools;
    const auto& capabilities = stronger.capabilities;
    return (tools.empty() || tools.contains(std::string{form.tool})) &&
           (capabilities.empty() || capabilities.contains(form.form->capability)) &&
           within_tiers(stronger, form.form->tier) &&
           parameters_cover(stronger, weaker, *form.form);
}

}  // namespace

bool covers(const Rule& stronger, const Rule& weaker)
{
    return rank(stronger.effect) > rank(weaker.effect) &&
           set_covers(stronger.capabilities, weaker.capabilities) &&
           set_covers(stronger.tools, weaker.tools) && tiers_cover(stronger, weaker) &&
           principals_cover(stronger.principals, weaker.principals) &&
           targets_cover(stronger.targets, weaker.targets) && parameters_cover(stronger, weaker);
}

Coverage::Coverage(const Vocabulary& vocabulary,
                   const std::vector<Role>& roles,
                   std::span<const Rule* const> rules)
    : vocabulary_{vocabulary},
      roles_{roles}
{
    for (const auto* rule : rules) {
        if (rule->effect != Effect::allow) stronger_.push_back(rule);
    }
}

std::set<std::string> Coverage::sure_roles_of(const PrincipalMatch& one) const
{
    std::set<std::string> out;
    const auto has = [](const std::set<std::string>& listed, const std::set<std::string>& members) {
        return listed.size() == 1 && members.contains(*listed.begin());
    };
    const auto own =
        std::ranges::find_if(roles_, [&](const Role& role) { return has(one.roles, {role.name}); });
    for (const auto& role : roles_) {
        const bool has_all_of_it = own != roles_.end() && is_subset(own->subjects, role.subjects) &&
                                   is_subset(own->groups, role.groups) &&
                                   is_subset(own->clients, role.clients);
        if (has_all_of_it || has(one.subjects, role.subjects) || has(one.groups, role.groups) ||
            has(one.clients, role.clients)) {
            out.insert(role.name);
        }
    }
    return out;
}

std::vector<Coverage::Part> Coverage::parts_of(const Rule& rule) const
{
    std::vector<Rule> rules{rule};
    if (parts_in(rule.principals) <= parts_max) {
        split_by(rules, [](Rule& r) -> auto& { return r.principals.subjects; });
        split_by(rules, [](Rule& r) -> auto& { return r.principals.roles; });
        split_by(rules, [](Rule& r) -> auto& { return r.principals.groups; });
        split_by(rules, [](Rule& r) -> auto& { return r.principals.clients; });
        split_by(rules, [](Rule& r) -> auto& { return r.principals.scopes; });
    }
    const auto& ids = rule.targets.ids;
    // A glob may stand for targets of tomorrow: only ids that are written out are looked up.
    const bool are_known = !ids.empty() && std::ranges::all_of(ids, [&](const auto& id) {
        return vocabulary_.targets.contains(id);
    });
    std::vector<Part> out;
    for (auto& one : rules) {
        auto roles = sure_roles_of(one.principals);
        if (!are_known) {
            out.push_back({std::move(one), std::move(roles), nullptr});
            continue;
        }
        for (const auto& id : ids) {
            const auto& facts = vocabulary_.targets.find(id)->second;
            if (mismatch(rule.targets, facts) == Clause::none) out.push_back({one, roles, &facts});
        }
    }
    return out;
}

bool Coverage::part_is_covered(const Rule& stronger, const Part& part)
{
    auto principals = part.rule.principals;
    const auto& roles = stronger.principals.roles;
    if (std::ranges::any_of(roles, [&](const auto& r) { return part.sure_roles.contains(r); })) {
        principals.roles = roles;
    }
    if (!principals_cover(stronger.principals, principals)) return false;
    if (part.target) return mismatch(stronger.targets, *part.target) == Clause::none;
    return targets_cover(stronger.targets, part.rule.targets);
}

std::vector<const Rule*> Coverage::covering(const Rule& weaker) const
{
    const auto forms = forms_of(weaker, vocabulary_);
    const auto parts = parts_of(weaker);
    if (forms.empty() || parts.empty()) return {};
    // What is open still: parts in rows, forms in columns.
    std::vector<bool> is_open(parts.size() * forms.size(), true);
    std::size_t open = is_open.size();
    std::vector<const Rule*> out;
    for (const auto* stronger : stronger_) {
        if (rank(stronger->effect) <= rank(weaker.effect)) continue;
        const auto before = open;
        std::size_t covered = 0;
        for (std::size_t row = 0; row < parts.size(); ++row) {
            if (!part_is_covered(*stronger, parts[row])) continue;
            for (std::size_t column = 0; column < forms.size(); ++column) {
                if (!form_is_covered(*stronger, weaker, forms[column])) continue;
                ++covered;
                auto cell = is_open[row * forms.size() + column];
                if (cell) --open;
                cell = false;
            }
        }
        if (covered == is_open.size()) return {stronger};
        if (open < before) out.push_back(stronger);
    }
    return open == 0 ? out : std::vector<const Rule*>{};
}

}  // namespace tailops::policy
