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

using nlohmann::json;

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

void note_incomplete(const std::string& why)
{
    std::fprintf(stderr,
                 "note: %s; this is about the tool in general, and rules with conditions on "
                 "arguments count as their strictest\n",
                 why.c_str());
}

/// Whether the command's own parameters are known and fit, as far as they are given.
Result<bool> is_complete(const json& arguments, const tools::CommandCatalogue& commands)
{
    const auto* command = commands.find(text_member(arguments, "command_name"));
    if (!command) return true;  // the plan says so
    const auto* given = find_member(arguments, "parameters");
    std::size_t accepted = 0;
    for (const auto& parameter : command->parameters) {
        const auto* value = given ? find_member(*given, parameter.name) : nullptr;
        if (!value) continue;
        ++accepted;
        const auto text = value->is_string() ? value->get<std::string>() : dump_json(*value);
        if (auto fits = parameter.accept(text); !fits) return fail(std::move(fits).error());
    }
    // Another name than the command's is told by the plan as well.
    return accepted == command->parameters.size() || (given && given->size() != accepted);
}

/// The arguments as a call would have them; nothing while some are missing. Errors: what a call
/// would be refused for.
Result<std::optional<json>> arguments_of(const tools::Tool& tool,
                                         const ExplainOptions& options,
                                         const tools::CommandCatalogue& commands)
{
    auto words = options.parameters;
    if (tool.needs_target()) words.push_back("target=" + options.target);
    auto schema = tools::full_input_schema(tool);
    TAILOPS_TRY(auto arguments, read_arguments(words, schema));
    schema.erase("required");
    if (auto valid = tools::validate_against(schema, arguments); !valid) {
        auto error = std::move(valid).error();
        if (tool.name != "execute_command") return fail(std::move(error));
        return fail(error.code(),
                    error.public_message() +
                        " (one of the command's own is written parameters.NAME=value)");
    }
    if (auto valid = tools::validate_arguments(tool, arguments); !valid) {
        if (tool.needs_target()) note_incomplete(valid.error().public_message());
        return std::nullopt;
    }
    if (tool.name != "execute_command") return arguments;
    TAILOPS_TRY(const auto complete, is_complete(arguments, commands));
    if (complete) return arguments;
    note_incomplete("the command has parameters that are not given");
    return std::nullopt;
}

/// What the call would need, as its plan says. With arguments that do not suffice for a plan, the
/// question is about the tool in general: its first right, no arguments. Errors: what a call would
/// be refused for before the policy is asked.
Result<tools::Plan> plan_of(const tools::Tool& tool,
                            const ExplainOptions& options,
                            const targets::TargetSpec* target,
                            const tools::CommandCatalogue& commands)
{
    tools::Plan general;
    general.right = tool.rights.front();
    TAILOPS_TRY(const auto arguments, arguments_of(tool, options, commands));
    if (!tool.needs_target() || !arguments) return general;
    auto plan = tool.plan(*arguments, {.target = target, .commands = &commands});
    if (plan) return plan;
    return fail(Error{
        Errc::invalid_argument,
        "such a call is refused before the policy is asked: " + plan.error().public_message()});
}

/// Errors: not_found, with a suggestion.
Result<const targets::TargetSpec*> target_of(const tools::Tool& tool,
                                             const ExplainOptions& options,
                                             const targets::TargetsFile& file)
{
    const auto* target = find_target(file, options.target);
    const bool names_gateway = options.target.empty() || options.target == gateway_target.view();
    if (target || (!tool.needs_target() && names_gateway)) return target;
    if (options.target.empty()) {
        return fail(Errc::invalid_argument,
                    "tool " + quote(tool.name) + " is about a target; name one with --target");
    }
    std::vector<std::string_view> names;
    for (const auto& spec : file.targets) names.push_back(spec.facts.id.view());
    return fail(Errc::not_found, "there is no target " + quote(options.target) +
                                     did_you_mean(options.target, names));
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
    TAILOPS_TRY(const auto* const target, target_of(*tool, options, configuration.targets));
    TAILOPS_TRY(auto plan, plan_of(*tool, options, target, *configuration.commands));
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
