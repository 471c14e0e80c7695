#include "gateway/service/effective_policy.hpp"

#include "gateway/core/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace tailops::service {
namespace {

using nlohmann::json;
using policy::Effect;

constexpr std::size_t targets_max = 256;
constexpr std::size_t entries_max = 64;
constexpr std::size_t conditions_max = 16;

constexpr auto note =
    "What is not named is denied. `tiers` go up: each entry holds for the tiers above the one "
    "before it. A rule under `conditional` also applies to calls of its tools, or to those whose "
    "arguments fit; of the rules that apply, deny wins, then require_approval, then dry_run_only, "
    "then allow.";

json conditions_json(const policy::Gate::Outlook& outlook)
{
    auto rows = json::array();
    for (const auto& condition : outlook.conditions) {
        if (rows.size() == conditions_max) break;
        json row{{"rule", condition.rule.str()}, {"effect", to_string(condition.effect)}};
        if (!condition.tools.empty()) row["tools"] = condition.tools;
        if (!condition.parameters.empty()) row["arguments"] = condition.parameters;
        rows.push_back(std::move(row));
    }
    return rows;
}

/// Of one tier, without its name.
json outlook_json(const policy::Gate::Outlook& outlook)
{
    const auto& decision = outlook.decision;
    json out{{"effect", to_string(decision.effect)}};
    if (decision.rule) out["rule"] = decision.rule->str();
    if (decision.effect != Effect::deny) {
        out["timeout_ms"] = decision.obligations.timeout.count();
        out["output_limit_bytes"] = decision.obligations.output_limit_bytes;
        if (decision.obligations.dry_run) out["dry_run"] = true;
    }
    if (outlook.target_asks) out["why"] = "the target asks for approval";
    if (outlook.conditions.empty()) return out;
    out["conditional"] = conditions_json(outlook);
    if (outlook.conditions.size() > conditions_max) {
        out["conditional_left_out"] = outlook.conditions.size() - conditions_max;
    }
    return out;
}

bool says_nothing(const policy::Gate::Outlook& outlook)
{
    return outlook.decision.effect == Effect::deny && !outlook.decision.rule &&
           outlook.conditions.empty();
}

/// From the lowest tier up; tiers of which the same is to be said are one entry. What is denied
/// because no rule speaks of it is left out at the end, and stays before a tier that is not.
json tiers_json(const policy::Gate& gate,
                const auth::Principal& principal,
                Capability action,
                const policy::TargetFacts& target)
{
    auto rows = json::array();
    std::size_t kept = 0;
    json last;
    for (const auto tier : {Tier::observe, Tier::control, Tier::admin}) {
        const auto outlook = gate.outlook(principal, action, tier, target);
        auto said = outlook_json(outlook);
        if (rows.empty() || said != last) {
            last = said;
            rows.push_back(std::move(said));
        }
        rows.back()["up_to"] = to_string(tier);
        if (!says_nothing(outlook)) kept = rows.size();
    }
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end());
    return rows;
}

json capabilities_json(const policy::Gate& gate,
                       const auth::Principal& principal,
                       const policy::TargetFacts& target)
{
    auto rows = json::array();
    for (const auto action : principal.capabilities) {
        if (!target.offers.contains(action)) continue;
        auto tiers = tiers_json(gate, principal, action, target);
        if (tiers.empty()) continue;
        rows.push_back({{"capability", action.text()}, {"tiers", std::move(tiers)}});
    }
    return rows;
}

}  // namespace

json effective_policy(const policy::Gate& gate,
                      const auth::Principal& principal,
                      const std::vector<const policy::TargetFacts*>& targets)
{
    auto entries = json::array();
    std::map<std::string, std::size_t> places;  // of an entry, by what it says
    std::size_t left_out = targets.size() - std::min(targets.size(), targets_max);
    for (std::size_t i = 0; i < std::min(targets.size(), targets_max); ++i) {
        auto said = capabilities_json(gate, principal, *targets[i]);
        const auto [at, is_new] = places.try_emplace(dump_json(said), entries.size());
        if (is_new && entries.size() == entries_max) {
            places.erase(at);
            ++left_out;
            continue;
        }
        if (is_new) entries.push_back({{"ids", json::array()}, {"capabilities", std::move(said)}});
        entries[at->second]["ids"].push_back(targets[i]->id.str());
    }
    json out{{"note", note}, {"targets", std::move(entries)}};
    if (left_out > 0) out["targets_left_out"] = left_out;
    return out;
}

}  // namespace tailops::service
