#include "gateway/app/arguments.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/output.hpp"
#include "gateway/call/view.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/http/method_rights.hpp"
#include "gateway/tools/policy_words.hpp"
#include "policy/gate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

namespace tailops::app {
namespace {

using nlohmann::json;

/// The part of "ISSUER|sub" before the bar; empty: there is none.
std::string issuer_in(const std::string& member)
{
    const auto bar = member.find('|');
    return bar == std::string::npos ? std::string{} : member.substr(0, bar);
}

/// Those who could vouch for somebody, as the settings and the policy name them.
std::set<std::string> known_issuers(const config::AuthSettings& auth, const policy::Policy& policy)
{
    std::set<std::string> out;
    if (auth.mode == config::AuthMode::oidc) out.insert(auth.oidc.issuer);
    if (auth.mode != config::AuthMode::none) out.insert("tailops");
    if (auth.hmac_shared_secret) out.insert("tailopsmcp");
    for (const auto& role : policy.roles) {
        for (const auto& member : role.subjects) out.insert(issuer_in(member));
    }
    for (const auto& rule : policy.rules) {
        for (const auto& member : rule.principals.subjects) out.insert(issuer_in(member));
    }
    out.erase("");
    return out;
}

struct Asker {
    std::string issuer, subject;
};

/// Whom the words can mean: rules may tell the same name at one issuer from that at another.
std::vector<Asker> askers_of(const ExplainOptions& options, const std::set<std::string>& issuers)
{
    if (!options.issuer.empty()) return {{options.issuer, options.subject}};
    const auto named = issuer_in(options.subject);
    if (issuers.contains(named)) return {{named, options.subject.substr(named.size() + 1)}};
    std::vector<Asker> out;
    for (const auto& issuer : issuers) out.push_back({issuer, options.subject});
    if (out.empty()) out.push_back({{}, options.subject});
    return out;
}

auth::Identity identity_of(const ExplainOptions& options, const Asker& asker)
{
    auth::Identity identity;
    identity.subject = SubjectId{asker.subject};
    identity.issuer = asker.issuer;
    identity.name = asker.subject;
    identity.client_id = options.client;
    if (!options.actor.empty()) identity.actors = {options.actor};
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

struct Arguments {
    json given;
    bool complete{false};  // as a call has them
};

/// The arguments as far as they are given. Errors: what a call would be refused for.
Result<Arguments> arguments_of(const tools::Tool& tool,
                               const ExplainOptions& options,
                               const tools::CommandCatalogue& commands)
{
    TAILOPS_TRY(const auto words,
                with_target(options.parameters, tool.needs_target() ? options.target : ""));
    const auto full_schema = tools::full_input_schema(tool);
    auto schema = full_schema;
    TAILOPS_TRY(auto arguments, read_arguments(words, schema));
    schema.erase("required");
    if (auto valid = tools::validate_against(schema, arguments); !valid) {
        auto error = std::move(valid).error();
        if (tool.name != "execute_command") return fail(std::move(error));
        return fail(error.code(),
                    error.public_message() +
                        " (one of the command's own is written parameters.NAME=value)");
    }
    if (auto valid = tools::validate_against(full_schema, arguments); !valid) {
        if (tool.needs_target()) note_incomplete(valid.error().public_message());
        return Arguments{.given = std::move(arguments)};
    }
    bool complete = true;
    if (tool.name == "execute_command") {
        TAILOPS_TRY(complete, is_complete(arguments, commands));
        if (!complete) note_incomplete("the command has parameters that are not given");
    }
    return Arguments{.given = std::move(arguments), .complete = complete};
}

/// What is known of a call of which not all arguments are: the right that it needs where these say
/// it, and what rules may then see of it.
tools::Plan partial_plan(const tools::Tool& tool,
                         const json& given,
                         const tools::CommandCatalogue& commands)
{
    tools::Plan plan;
    plan.right = tool.rights.front();
    if (tool.name == "http_request") {
        const auto method = text_member(given, "method");
        const std::string asked{method.empty() ? "GET" : method};
        plan.right = tools::right_of_method(asked);
        plan.parameters.emplace("method", asked);
    }
    const auto* command = tool.name == "execute_command"
                              ? commands.find(text_member(given, "command_name"))
                              : nullptr;
    if (!command) return plan;
    plan.right = {command->capability, command->tier};
    plan.parameters = tools::parameters_of(*command);
    return plan;
}

/// What the call would need, as its plan says. With arguments that do not suffice for a plan, the
/// question is about the tool in general. Errors: what a call would be refused for before the
/// policy is asked.
Result<tools::Plan> plan_of(const tools::Tool& tool,
                            const ExplainOptions& options,
                            const targets::TargetSpec* target,
                            const tools::CommandCatalogue& commands)
{
    TAILOPS_TRY(const auto arguments, arguments_of(tool, options, commands));
    const auto refused = [](const std::string& why) {
        return fail(Errc::invalid_argument,
                    "such a call is refused before the policy is asked: " + why);
    };
    if (!tool.needs_target()) return partial_plan(tool, arguments.given, commands);
    if (!targets::has_facet(target->facts.kind, tool.facet)) {
        return refused("target " + quote(target->facts.id.view()) + " does not offer " +
                       std::string{to_string(tool.facet)});
    }
    if (!arguments.complete) return partial_plan(tool, arguments.given, commands);
    auto plan = tool.plan(arguments.given, {.target = target, .commands = &commands});
    if (plan) return plan;
    return refused(plan.error().public_message());
}

/// Errors: not_found, with a suggestion.
Result<const targets::TargetSpec*> target_of(const tools::Tool& tool,
                                             const ExplainOptions& options,
                                             const targets::TargetsFile& file)
{
    const auto* target = find_target(file, options.target);
    const bool names_gateway = options.target.empty() || options.target == gateway_target.view();
    if (!tool.needs_target() && !names_gateway) {
        return fail(Errc::invalid_argument, "tool " + quote(tool.name) +
                                                " is about the gateway itself; leave --target out");
    }
    if (target || !tool.needs_target()) return target;
    if (options.target.empty()) {
        return fail(Errc::invalid_argument,
                    "tool " + quote(tool.name) + " is about a target; name one with --target");
    }
    std::vector<std::string_view> names;
    for (const auto& spec : file.targets) names.push_back(spec.facts.id.view());
    return fail(Errc::not_found, "there is no target " + quote(options.target) +
                                     did_you_mean(options.target, names));
}

struct Asked {
    policy::AccessRequest request;
    std::vector<tools::Naming> namings;
};

/// The question as the gateway would put it, but for who asks.
Result<Asked> question(const ExplainOptions& options, const Configuration& configuration)
{
    const auto* tool = configuration.tools->find(options.tool);
    if (!tool) {
        std::vector<std::string_view> names;
        for (const auto& row : configuration.tools->all()) names.push_back(row.name);
        return fail(Errc::not_found,
                    "there is no tool " + quote(options.tool) + did_you_mean(options.tool, names));
    }
    TAILOPS_TRY(const auto* const target, target_of(*tool, options, configuration.targets));
    TAILOPS_TRY(auto plan, plan_of(*tool, options, target, *configuration.commands));
    policy::AccessRequest request;
    request.tool = ToolName{options.tool};
    request.action = plan.right.capability;
    request.tier = plan.right.tier;
    request.target = tool->needs_target() ? target->facts : call::gateway_facts();
    request.parameters = std::move(plan.parameters);
    request.aliases = std::move(plan.aliases);
    request.now = std::chrono::system_clock::now();
    return Asked{.request = std::move(request), .namings = std::move(plan.namings)};
}

void note_names(const Asked& asked, const policy::Gate& gate)
{
    for (const auto& naming : asked.namings) {
        if (!gate.depends_on(asked.request, naming.parameter)) continue;
        std::fprintf(stderr,
                     "note: the decision depends on which %s %s is, which a call asks the target; "
                     "here it is taken for its own name\n",
                     naming.kind.c_str(), quote(naming.word).c_str());
    }
}

/// Makes it the question of one caller.
void put_by(const Asker& asker,
            const ExplainOptions& options,
            const call::World& world,
            policy::AccessRequest& request)
{
    request.principal = world.gate->admit(identity_of(options, asker));
    const auto* tool = world.tools->find(options.tool);
    const bool is_probe = tool->needs_target() && tool->facet == targets::Facet::reachability;
    request.mildest = is_probe ? call::mildest_use(world, request.principal, request.target)
                               : policy::Effect::allow;
}

std::string explanation_text(const policy::AccessRequest& request,
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
    return text;
}

/// The answer, or each with its issuer where the issuers make a difference.
std::string text_of(const std::vector<std::pair<Asker, std::string>>& answers)
{
    const auto& first = answers.front().second;
    if (std::ranges::all_of(answers, [&](const auto& one) { return one.second == first; })) {
        return first;
    }
    std::string text;
    for (const auto& [asker, told] : answers) {
        text += "as " + quote(asker.issuer + '|' + asker.subject) + ":\n" + told;
    }
    return text;
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
    const call::World world{
        .gate = std::make_shared<const policy::Gate>(std::move(configuration.policy)),
        .registry = nullptr,
        .commands = configuration.commands,
        .tools = configuration.tools,
        .secrets = nullptr};
    auto asked = question(options, configuration);
    if (!asked) return complain(asked.error(), exit_usage);
    auto& request = asked->request;
    std::vector<std::pair<Asker, std::string>> answers;
    const auto issuers = known_issuers(configuration.settings.auth, world.gate->policy());
    for (const auto& asker : askers_of(options, issuers)) {
        put_by(asker, options, world, request);
        answers.emplace_back(asker, explanation_text(request, world.gate->explain(request)));
        if (answers.size() == 1) note_names(*asked, *world.gate);
    }
    return answer(text_of(answers), exit_ok);
}

}  // namespace tailops::app
