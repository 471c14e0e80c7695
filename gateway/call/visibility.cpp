#include "gateway/call/pipeline.hpp"
#include "gateway/call/view.hpp"

#include <algorithm>

/// The half of Pipeline that runs nothing: what a principal may see.
namespace tailops::call {
namespace {

// Enough to choose from; all that the gateway remembers are no more (RunsSettings).
constexpr std::size_t runs_shown_max = 1000;

bool could_run_any(const World& world, const auth::Principal& principal)
{
    return std::ranges::any_of(world.commands->all(), [&](const auto& command) {
        return could_run(world, principal, command);
    });
}

}  // namespace

std::vector<Pipeline::VisibleTool> Pipeline::visible_tools(const auth::Principal& principal) const
{
    const auto world = world_.get();
    std::vector<VisibleTool> out;
    for (const auto& tool : world->tools->all()) {
        const bool visible =
            tool.needs_target()
                ? std::ranges::any_of(world->registry->all(),
                                      [&](const auto& entry) {
                                          return could_use(*world, principal, tool,
                                                           entry.second->spec.facts);
                                      })
                : could_use(*world, principal, tool, gateway_facts());
        if (!visible) continue;
        if (tool.name == "execute_command" && !could_run_any(*world, principal)) continue;
        out.emplace_back(world->tools, &tool);
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
    return found && call::can_see(*world, principal, found->spec.facts);
}

std::vector<std::string> Pipeline::visible_commands(const auth::Principal& principal) const
{
    std::vector<std::string> out;
    if (!may_ask(principal, "list_commands")) return out;
    const auto world = world_.get();
    for (const auto* command : runnable_commands(*world, principal)) out.push_back(command->name);
    return out;
}

bool Pipeline::can_see_command(const auth::Principal& principal, std::string_view name) const
{
    const auto world = world_.get();
    const auto* command = world->commands->find(name);
    return command && could_run(*world, principal, *command);
}

std::vector<tools::RunView> Pipeline::visible_runs(const auth::Principal& principal) const
{
    if (!may_ask(principal, "list_runs")) return {};
    const auto world = world_.get();
    return PrincipalView{*world, principal, states_, trail_, runs_, {clock_.now(), started_}}.runs(
        runs_shown_max);
}

bool Pipeline::may_ask(const auth::Principal& principal, std::string_view tool) const
{
    const auto world = world_.get();
    const auto* asked = world->tools->find(tool);
    return asked && could_use(*world, principal, *asked, gateway_facts());
}

auth::Principal Pipeline::admitted_now(const auth::Principal& principal) const
{
    return world_.get()->gate->admit(principal.identity);
}

}  // namespace tailops::call
