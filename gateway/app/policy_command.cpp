#include "gateway/app/arguments.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/output.hpp"
#include "gateway/call/view.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "policy/gate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace tailops::app {
namespace {

auth::Identity identity_of(const ExplainOptions& options)
{
    auth::Identity identity;
    identity.subject = SubjectId{options.subject};
    identity.issuer = options.issuer;
    identity.name = options.subject;
    identity.client_id = options.client;
    identity.groups = {options.groups.begin(), options.groups.end()};
    if (!options.scopes.empty())
        identity.scopes.emplace(options.scopes.begin(), options.scopes.end());
    identity.expires = TimePoint::max();
    return identity;
}

const targets::TargetSpec* find_target(const targets::TargetsFile& file, const std::string& id)
{
    const auto at =
        std::ranges::find(file.targets, id, [](const auto& spec) { return spec.facts.id.view(); });
    return at == file.targets.end() ? nullptr : &*at;
}

Result<tools::Plan> plan_with_arguments(const tools::Tool& tool,
                                        const ExplainOptions& options,
                                        const targets::TargetSpec* target,
                                        const tools::CommandCatalogue& commands)
{
    auto words = options.parameters;
    words.push_back("target=" + options.target);
    TAILOPS_TRY(const auto arguments, read_arguments(words, tools::full_input_schema(tool)));
    if (auto valid = tools::validate_arguments(tool, arguments); !valid) {
        return fail(std::move(valid).error());
    }
    return tool.plan(arguments, {.target = target, .commands = &commands});
}

/// What the call would need, as its plan says. With arguments that do not suffice for a plan, the
/// question is about the tool in general: its first right, no arguments.
tools::Plan plan_of(const tools::Tool& tool,
                    const ExplainOptions& options,
                    const targets::TargetSpec* target,
                    const tools::CommandCatalogue& commands)
{
    tools::Plan general;
    general.right = tool.rights.front();
    if (!tool.needs_target()) return general;
    auto plan = plan_with_arguments(tool, options, target, commands);
    if (plan) return *std::move(plan);
    std::fprintf(stderr,
                 "note: %s; this is about the tool in general, and rules with conditions on "
                 "arguments count as their strictest\n",
                 plan.error().public_message().c_str());
    return general;
}

Result<policy::AccessRequest> question(const ExplainOptions& options,
                                       const Configuration& configuration,
                                       const policy::Gate& gate)
{
    const auto* tool = tools::find(options.tool);
    if (!tool) {
        std::vector<std::string_view> names;
        for (const auto& row : tools::all()) names.push_back(row.name);
        return fail(Errc::not_found,
                    "there is no tool " + quote(options.tool) + did_you_mean(options.tool, names));
    }
    const auto* target = find_target(configuration.targets, options.target);
    if (tool->needs_target() && !target) {
        return fail(Errc::not_found,
                    "there is no target " + quote(options.target) + "; name one with --target");
    }
    auto plan = plan_of(*tool, options, target, *configuration.commands);
    TAILOPS_TRY(auto action, parse_capability(plan.right.capability));
    policy::AccessRequest request;
    request.principal = gate.admit(identity_of(options));
    request.tool = ToolName{options.tool};
    request.action = action;
    request.tier = plan.right.tier;
    request.target = tool->needs_target() ? target->facts : call::gateway_facts();
    request.parameters = std::move(plan.parameters);
    request.now = std::chrono::system_clock::now();
    return request;
}

void print_explanation(const policy::AccessRequest& request,
                       const policy::Gate::Explanation& explanation)
{
    const auto& decision = explanation.decision;
    std::string text{policy::to_string(decision.effect)};
    text += ": " + decision.why + '\n';
    text += "  asks for " + request.action.text() + " at tier " +
            std::string{to_string(request.tier)} + " on " + request.target.id.str() + '\n';
    const std::vector<std::string> roles{request.principal.roles.begin(),
                                         request.principal.roles.end()};
    text += "  roles: " + (roles.empty() ? std::string{"none"} : join(roles, ", ")) + '\n';
    for (const auto& line : explanation.rules) {
        text += line.matched ? "  * " : "    ";
        text += std::string{policy::to_string(line.effect)} + " rule " + line.rule.str() + ": " +
                line.why + '\n';
    }
    print(text);
}

}  // namespace

int policy_explain(const ExplainOptions& options)
{
    yaml::Problems problems;
    auto configuration = load_configuration(options.config_file, process_environment(), problems);
    if (!problems.empty()) {
        std::fputs(problems.render().c_str(), stderr);
        return exit_usage;
    }
    const policy::Gate gate{std::move(configuration.policy)};
    const auto request = question(options, configuration, gate);
    if (!request) return complain(request.error(), exit_usage);
    print_explanation(*request, gate.explain(*request));
    return exit_ok;
}

}  // namespace tailops::app
