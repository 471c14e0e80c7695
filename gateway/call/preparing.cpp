#include "gateway/call/preparing.hpp"

#include "gateway/call/view.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/http/method_rights.hpp"
#include "gateway/tools/policy_words.hpp"
#include "targets/bounded.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::call {
namespace {

const policy::TargetFacts& facts_of(const Prepared& call)
{
    return call.target ? call.target->spec.facts : gateway_facts();
}

Result<std::shared_ptr<const targets::Target>> resolve(const World& world, const Invocation& call)
{
    TAILOPS_TRY(const auto name, field<std::string>(*call.arguments, "target"));
    auto target = world.registry->find(TargetId{name});
    // One answer for both, so that a caller cannot find out what it may not see.
    if (!target || !can_see(world, call.principal, target->spec.facts)) {
        return fail(Errc::not_found, "there is no target " + quote(name) +
                                         " for you; list_targets tells which there are");
    }
    return target;
}

/// The command that the call names, or null where the caller is told of none such: it may run it
/// nowhere. A scope that the server issues can be asked for, so want of one hides nothing.
const tools::CatalogueCommand* named_command(const World& world, const Invocation& call)
{
    const auto* command = world.commands->find(text_member(*call.arguments, "command_name"));
    if (!command || could_run(world, call.principal, *command)) return command;
    const auto& identity = call.principal.identity;
    if (identity.method != auth::Method::oidc || !identity.scopes) return nullptr;
    auto with_scope = call.principal;
    with_scope.capabilities.insert(command->capability);
    return could_run(world, with_scope, *command) ? command : nullptr;
}

/// One answer for a command that the caller may run nowhere and for one that does not exist.
Status check_command(const World& world, const Invocation& call)
{
    if (named_command(world, call)) return {};
    std::vector<std::string_view> names;
    for (const auto* one : runnable_commands(world, call.principal)) names.push_back(one->name);
    const auto name = text_member(*call.arguments, "command_name");
    return fail(Errc::not_found, "there is no command " + quote(name) +
                                     " for you; list_commands tells which there are" +
                                     did_you_mean(name, names));
}

/// A command to judge the call by where the one it names is not to be told of: one that the target
/// offers, if there is one. Null: the catalogue is empty.
const tools::CatalogueCommand* any_command(const World& world, const policy::TargetFacts& target)
{
    const auto& all = world.commands->all();
    const auto at = std::ranges::find_if(
        all, [&](const auto& command) { return target.offers.contains(command.capability); });
    if (at != all.end()) return &*at;
    return all.empty() ? nullptr : &all.front();
}

/// The right that the call needs, as far as its tool and its command tell: for the gate to say why
/// it is refused, and which scope it lacks.
tools::Right right_without_plan(const World& world,
                                const tools::Tool& tool,
                                const Invocation& call,
                                const policy::TargetFacts& target)
{
    if (tool.name == "http_request") {
        const auto method = text_member(*call.arguments, "method");
        return tools::right_of_method(method.empty() ? "GET" : method);
    }
    if (tool.name != "execute_command") return tool.rights.front();
    const auto* command = named_command(world, call);
    if (!command) command = any_command(world, target);
    if (!command) return tool.rights.front();
    return {command->capability, command->tier};
}

tools::PlanContext context_of(const World& world, const targets::TargetSpec& target)
{
    const bool is_here = target.kind == targets::Kind::local;
    return {.target = &target,
            .commands = world.commands.get(),
            .own_places = is_here ? world.own_places : nullptr};
}

}  // namespace

Result<Prepared> prepare(const World& world, const Invocation& call)
{
    Prepared prepared;
    prepared.tool = world.tools->find(call.tool);
    prepared.tell = call.on_step;
    if (!prepared.tool) return fail(Errc::not_found, "there is no tool " + quote(call.tool));
    if (auto valid = world.tools->validate(*prepared.tool, *call.arguments); !valid) {
        return fail(std::move(valid).error());
    }
    if (!prepared.tool->needs_target()) {
        // Nothing to plan, so that the gate's one decision says it all.
        prepared.plan.right = prepared.tool->rights.front();
        return prepared;
    }
    TAILOPS_TRY(prepared.target, resolve(world, call));
    if (!targets::has_facet(facts_of(prepared).kind, prepared.tool->facet)) {
        return fail(Errc::invalid_argument, "target " + quote(facts_of(prepared).id.view()) +
                                                " does not offer " +
                                                std::string{to_string(prepared.tool->facet)});
    }
    if (prepared.tool->name == "execute_command" && world.commands->all().empty()) {
        TAILOPS_CHECK(check_command(world, call));
    }
    // Before the plan, which may speak of the target's own settings.
    if (!could_use(world, call.principal, *prepared.tool, facts_of(prepared))) {
        prepared.plan.right = right_without_plan(world, *prepared.tool, call, facts_of(prepared));
        prepared.hopeless = true;
        return prepared;
    }
    if (prepared.tool->name == "execute_command") {
        TAILOPS_CHECK(check_command(world, call));
    }
    TAILOPS_TRY(prepared.plan,
                prepared.tool->plan(*call.arguments, context_of(world, prepared.target->spec)));
    return prepared;
}

namespace {

policy::AccessRequest question(const Invocation& call, Prepared& prepared, TimePoint now)
{
    return policy::AccessRequest{.principal = call.principal,
                                 .tool = ToolName{call.tool},
                                 .action = prepared.plan.right.capability,
                                 .tier = prepared.plan.right.tier,
                                 .target = facts_of(prepared),
                                 .parameters = std::move(prepared.plan.parameters),
                                 .now = now,
                                 .aliases = std::move(prepared.plan.aliases)};
}

/// A test of a target must be no way around what the rules say of the calls there: it is no more
/// than the mildest of them, and sends an API nothing that the caller could not send by itself.
/// Returns what is sent, for the record.
std::string bound_probe(const World& world, policy::AccessRequest& request, tools::Plan& plan)
{
    auto* probe = std::get_if<targets::Probe>(&plan.operation);
    if (!probe) return {};
    request.mildest = mildest_use(world, request.principal, request.target);
    if (!plan.inquiry) return {};
    std::string sent{"sends"};
    for (const auto* name : {"method", "path"}) {
        const auto word = plan.inquiry->parameters.find(name);
        if (word == plan.inquiry->parameters.end()) continue;
        if (const auto* text = std::get_if<std::string>(&word->second)) sent += ' ' + *text;
    }
    const policy::AccessRequest inquiry{.principal = request.principal,
                                        .tool = ToolName{std::string{plan.inquiry->tool}},
                                        .action = plan.inquiry->right.capability,
                                        .tier = plan.inquiry->right.tier,
                                        .target = request.target,
                                        .parameters = std::move(plan.inquiry->parameters),
                                        .now = request.now,
                                        .aliases = std::move(plan.inquiry->aliases)};
    if (world.gate->decide(inquiry).decision.effect == policy::Effect::allow) return sent;
    probe->depth = targets::Probe::Depth::connect;
    return "sends no request";
}

/// What the call means on its target; what is decided on depends on it.
Task<Result<Meaning>> understand(const World& world,
                                 Prepared& prepared,
                                 policy::AccessRequest& request,
                                 const audit::Trail& trail)
{
    if (!prepared.target || prepared.hopeless) co_return Meaning{};
    auto sent = bound_probe(world, request, prepared.plan);
    if (prepared.plan.namings.empty()) co_return Meaning{.told = std::move(sent), .missing = {}};
    // What cannot be recorded is not begun, not even by a look.
    if (const auto able = trail.health(); !able) {
        co_return fail(Error{able.error()}.with_nothing_begun());
    }
    co_return co_await find_meaning(*world.gate, *prepared.target->executor, prepared.plan,
                                    request);
}

}  // namespace

Task<Result<Decided>> decide(const World& world,
                             const Invocation& call,
                             Prepared& prepared,
                             const audit::Trail& trail,
                             TimePoint now)
{
    auto request = question(call, prepared, now);
    auto meaning = co_await understand(world, prepared, request, trail);
    auto [decision, permit] = world.gate->decide(request);
    // Where no call of the tool could be permitted, there is nothing to allow.
    if (prepared.hopeless && permit) decision = {};
    // Who may do nothing by any rule is not told what is there; the record is.
    auto told = decision;
    if (meaning && !meaning->told.empty()) decision.why += "; " + meaning->told;
    if (!meaning) {
        decision = {};
        decision.why = "what is meant could not be found out";
    }
    if (!meaning || prepared.hopeless) permit.reset();
    if (decision.rule) told = decision;
    Decided decided{.request = std::move(request),
                    .decision = std::move(decision),
                    .told = std::move(told),
                    .permit = std::move(permit),
                    .meaning = std::move(meaning)};
    co_return decided;
}

}  // namespace tailops::call
