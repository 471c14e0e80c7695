#include "gateway/call/view.hpp"

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

bool could_use(const policy::Gate& gate,
               const auth::Principal& principal,
               const tools::Tool& tool,
               const policy::TargetFacts& target)
{
    return std::ranges::any_of(tool.rights, [&](const tools::Right& right) {
        const auto capability = parse_capability(right.capability);
        return capability && gate.could_allow(principal, ToolName{std::string{tool.name}},
                                              *capability, right.tier, target);
    });
}

bool may_read(const World& world, const auth::Principal& principal, const RunRecord& record)
{
    if (record.owner != principal.identity.key()) return false;
    const auto target = world.registry->find(record.shown.target);
    const auto action = parse_capability(record.capability);
    return target && action &&
           world.gate->could_allow(principal, record.shown.tool, *action, record.tier,
                                   target->spec.facts);
}

Result<tools::RunView> PrincipalView::run(const RequestId& id) const
{
    return runs_.find(
        id, [this](const RunRecord& record) { return may_read(world_, principal_, record); });
}

std::vector<tools::RunView> PrincipalView::runs(std::size_t runs_max) const
{
    return runs_.newest(
        runs_max, [this](const RunRecord& record) { return may_read(world_, principal_, record); });
}

Task<Result<tools::OutputPage>> PrincipalView::read_output(tools::OutputQuestion question) const
{
    auto mine = [this](const RunRecord& record) { return may_read(world_, principal_, record); };
    return runs_.read(std::move(question), std::move(mine), principal_.identity.key());
}

std::vector<tools::GatewayView::VisibleTarget> PrincipalView::targets() const
{
    std::vector<VisibleTarget> out;
    for (const auto& [id, target] : world_.registry->all()) {
        if (!world_.gate->can_see(principal_, target->spec.facts)) continue;
        VisibleTarget visible{target, states_.get(id), {}};
        for (const auto& tool : tools::all()) {
            if (tool.needs_target() &&
                could_use(*world_.gate, principal_, tool, target->spec.facts)) {
                visible.tools.emplace_back(tool.name);
            }
        }
        out.push_back(std::move(visible));
    }
    return out;
}

}  // namespace tailops::call
