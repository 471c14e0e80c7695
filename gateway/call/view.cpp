#include "gateway/call/view.hpp"

#include "gateway/tools/policy_words.hpp"
#include "policy/match.hpp"

#include <algorithm>

namespace tailops::call {

const policy::TargetFacts& gateway_facts()
{
    static const policy::TargetFacts facts = [] {
        policy::TargetFacts gateway;
        gateway.id = gateway_target;
        gateway.offers = {gateway_read()};
        return gateway;
    }();
    return facts;
}

namespace {

/// Whether the tool asks something of the target that its own rights are about. test_target does
/// not: everybody has gateway:read.
bool is_use(const tools::Tool& tool)
{
    return tool.needs_target() && tool.facet != targets::Facet::reachability;
}

/// What the same call would come to, or, where its arguments are not known, the mildest of its
/// like.
policy::Effect effect_now(const policy::Gate& gate,
                          const auth::Principal& principal,
                          const runs::RunRecord& record,
                          const Capability& action,
                          const policy::TargetFacts& target)
{
    if (!record.asked) {
        return gate.mildest(principal, record.shown.tool, action, record.tier, target);
    }
    // At no particular time: whoever asks has been let in already.
    const policy::AccessRequest again{.principal = principal,
                                      .tool = record.shown.tool,
                                      .action = action,
                                      .tier = record.tier,
                                      .target = target,
                                      .parameters = record.asked->parameters,
                                      .now = TimePoint::min(),
                                      .aliases = record.asked->aliases};
    return gate.decide(again).decision.effect;
}

}  // namespace

bool could_use(const World& world,
               const auth::Principal& principal,
               const tools::Tool& tool,
               const policy::TargetFacts& target)
{
    if (tool.needs_target() && !targets::has_facet(target.kind, tool.facet)) return false;
    if (tool.needs_target() && !is_use(tool) && !can_see(world, principal, target)) return false;
    const ToolName name{std::string{tool.name}};
    return std::ranges::any_of(
        tools::needs_of(tool, *world.commands), [&](const tools::Need& need) {
            return world.gate->could_allow(principal, name, need.capability, need.tier, target);
        });
}

bool could_run(const World& world,
               const auth::Principal& principal,
               const tools::CatalogueCommand& command)
{
    if (!principal.capabilities.contains(command.capability)) return false;
    const auto* tool = world.tools->find("execute_command");
    if (!tool) return false;
    const auto own = tools::own_parameters_of(command);
    const std::set<std::string> open{own.begin(), own.end()};
    policy::AccessRequest request{.principal = principal,
                                  .tool = ToolName{std::string{tool->name}},
                                  .action = command.capability,
                                  .tier = command.tier,
                                  .target = {},
                                  .parameters = tools::parameters_of(command),
                                  .now = TimePoint::min()};
    return std::ranges::any_of(world.registry->all(), [&](const auto& entry) {
        const auto& facts = entry.second->spec.facts;
        if (!targets::has_facet(facts.kind, tool->facet)) return false;
        if (!facts.offers.contains(command.capability)) return false;
        request.target = facts;
        return world.gate->mildest(request, open) != policy::Effect::deny;
    });
}

std::vector<const tools::CatalogueCommand*> runnable_commands(const World& world,
                                                              const auth::Principal& principal)
{
    std::vector<const tools::CatalogueCommand*> out;
    for (const auto& command : world.commands->all()) {
        if (could_run(world, principal, command)) out.push_back(&command);
    }
    return out;
}

policy::Effect mildest_use(const World& world,
                           const auth::Principal& principal,
                           const policy::TargetFacts& target)
{
    auto mildest = policy::Effect::deny;
    for (const auto& tool : world.tools->all()) {
        if (!is_use(tool) || !targets::has_facet(target.kind, tool.facet)) continue;
        const ToolName name{std::string{tool.name}};
        for (const auto& need : tools::needs_of(tool, *world.commands)) {
            const auto effect =
                world.gate->mildest(principal, name, need.capability, need.tier, target);
            if (policy::rank(effect) < policy::rank(mildest)) mildest = effect;
            if (mildest == policy::Effect::allow) return mildest;
        }
    }
    return mildest;
}

bool can_see(const World& world,
             const auth::Principal& principal,
             const policy::TargetFacts& target)
{
    return std::ranges::any_of(world.tools->all(), [&](const tools::Tool& tool) {
        return is_use(tool) && could_use(world, principal, tool, target);
    });
}

bool may_read(const World& world, const auth::Principal& principal, const runs::RunRecord& record)
{
    if (record.owner != principal.identity.key()) return false;
    const auto target = world.registry->find(record.shown.target);
    const auto action = parse_capability(record.capability);
    if (!target || !action || !can_see(world, principal, target->spec.facts)) return false;
    // What would need an approval now, or be a dry run, is nothing to be read without one.
    const auto effect = effect_now(*world.gate, principal, record, *action, target->spec.facts);
    return effect == policy::Effect::allow ||
           (record.dry_run && effect == policy::Effect::dry_run_only);
}

Result<tools::RunView> PrincipalView::run(const RequestId& id) const
{
    return runs_.find(
        id, [this](const runs::RunRecord& record) { return may_read(world_, principal_, record); });
}

std::vector<tools::RunView> PrincipalView::runs(std::size_t runs_max) const
{
    return runs_.newest(runs_max, [this](const runs::RunRecord& record) {
        return may_read(world_, principal_, record);
    });
}

Task<Result<tools::OutputPage>> PrincipalView::read_output(tools::OutputQuestion question) const
{
    auto mine = [this](const runs::RunRecord& record) {
        return may_read(world_, principal_, record);
    };
    return runs_.read(std::move(question), std::move(mine), principal_.identity.key());
}

std::vector<tools::GatewayView::VisibleTarget> PrincipalView::targets() const
{
    std::vector<VisibleTarget> out;
    for (const auto& [id, target] : world_.registry->all()) {
        if (!can_see(world_, principal_, target->spec.facts)) continue;
        VisibleTarget visible{target, states_.get(id), {}};
        for (const auto& tool : world_.tools->all()) {
            if (tool.needs_target() && could_use(world_, principal_, tool, target->spec.facts)) {
                visible.tools.emplace_back(tool.name);
            }
        }
        out.push_back(std::move(visible));
    }
    return out;
}

std::vector<const tools::CatalogueCommand*> PrincipalView::commands() const
{
    return runnable_commands(world_, principal_);
}

}  // namespace tailops::call
