#include "gateway/call/pipeline.hpp"
#include "gateway/call/view.hpp"

#include <algorithm>

/// The half of Pipeline that runs nothing: what a principal may see.
namespace tailops::call {

std::vector<const tools::Tool*> Pipeline::visible_tools(const auth::Principal& principal) const
{
    const auto world = world_.get();
    std::vector<const tools::Tool*> out;
    for (const auto& tool : tools::all()) {
        const bool visible =
            tool.needs_target()
                ? std::ranges::any_of(world->registry->all(),
                                      [&](const auto& entry) {
                                          return could_use(*world->gate, principal, tool,
                                                           entry.second->spec.facts);
                                      })
                : could_use(*world->gate, principal, tool, gateway_facts());
        if (visible) out.push_back(&tool);
    }
    return out;
}

std::vector<tools::GatewayView::VisibleTarget> Pipeline::visible_targets(
    const auth::Principal& principal) const
{
    const auto world = world_.get();
    return PrincipalView{*world, principal, states_, trail_, runs_, {clock_.now(), started_}}
        .targets();
}

bool Pipeline::can_see(const auth::Principal& principal, const TargetId& target) const
{
    const auto world = world_.get();
    const auto found = world->registry->find(target);
    return found && world->gate->can_see(principal, found->spec.facts);
}

}  // namespace tailops::call
