#include "gateway/tools/policy_words.hpp"

#include "gateway/core/json.hpp"
#include "policy/policy_file.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::tools {
namespace {

using nlohmann::json;
using policy::ToolForm;

/// A value that the parameter of a command takes.
std::string value_for(const CommandParameter& parameter)
{
    std::vector<std::string> candidates = parameter.allowed_values;
    for (const char* plain : {"/var/log", "nginx", "some words", "5", "80", "eth0", "127.0.0.1",
                              "1M", "root", "example.com", "1", "error"}) {
        candidates.emplace_back(plain);
    }
    for (const auto& candidate : candidates) {
        if (const auto accepted = parameter.accept(candidate)) return *accepted;
    }
    return {};
}

/// Arguments for a call of this form, with every argument that the tool has.
json arguments_for(const Tool& tool, const ToolForm& form)
{
    const auto schema = parse_json(tool.input_schema);
    json out{{"target", "t"}};
    for (const auto& [name, property] : schema->at("properties").items()) {
        if (property.contains("default")) out[name] = property.at("default");
        if (property.contains("examples")) out[name] = property.at("examples").front();
        if (!out.contains(name) && property.contains("enum")) {
            out[name] = property.at("enum").front();
        }
        const auto shape = form.parameters.find(name);
        if (shape != form.parameters.end() && !shape->second.choices.empty()) {
            out[name] = shape->second.choices.back();
        }
    }
    if (tool.name == "http_request" && out["method"] == "HEAD") out.erase("body");
    if (tool.name != "execute_command") return out;
    const auto* command = CommandCatalogue::shipped().find(out["command_name"].get<std::string>());
    out["parameters"] = json::object();
    for (const auto& parameter : command->parameters) {
        out["parameters"][parameter.name] = value_for(parameter);
    }
    return out;
}

// A parameter that the vocabulary has and no plan fills in would make an allowing rule never match,
// and a denying one always.
TEST(PolicyForms, AreWhatPlansPutBeforeTheGate)
{
    targets::TargetSpec spec;
    spec.facts.id = TargetId{"t"};
    spec.file_roots = {"/var/log"};
    const auto& commands = CommandCatalogue::shipped();
    std::size_t forms_seen = 0;
    for (const auto& tool : all()) {
        if (!tool.needs_target()) continue;
        for (const auto& form : policy_forms(tool, commands)) {
            const auto arguments = arguments_for(tool, form);
            SCOPED_TRACE(std::string{tool.name} + ' ' + dump_json(arguments));
            ASSERT_TRUE(validate_arguments(tool, arguments));
            const auto plan = tool.plan(arguments, {.target = &spec, .commands = &commands});
            ASSERT_TRUE(plan) << plan.error().describe();
            EXPECT_EQ(plan->right.capability, form.capability);
            EXPECT_EQ(plan->right.tier, form.tier);
            EXPECT_EQ(policy::names_in(plan->parameters), policy::names_in(form.parameters));
            for (const auto& [name, shape] : form.parameters) {
                const auto& value = plan->parameters.at(name);
                EXPECT_TRUE(!shape.accept || shape.accept(value)) << name;
            }
            ++forms_seen;
        }
    }
    EXPECT_GT(forms_seen, commands.all().size() + 10);
}

TEST(PolicyForms, OfToolsAboutTheGatewayShowRulesNoArgument)
{
    for (const auto& tool : all()) {
        if (tool.needs_target()) continue;
        for (const auto& form : policy_forms(tool, CommandCatalogue::shipped())) {
            EXPECT_EQ(form.about, ToolForm::About::gateway) << tool.name;
            EXPECT_TRUE(form.parameters.empty()) << tool.name;
        }
    }
}

/// What is wrong with a policy of one rule on line 3, without file and line.
std::string problem_with(const std::string& fields, std::string_view commands = {})
{
    yaml::Problems problems;
    const auto catalogue = commands.empty()
                               ? CommandCatalogue::shipped()
                               : CommandCatalogue::read(commands, "commands.yaml", problems);
    const auto words = policy_vocabulary({}, catalogue, *ToolCatalogue::shipped());
    policy::read_policy("version: 1\nrules:\n  - {id: r, effect: allow, " + fields + "}\n", "p",
                        words, problems);
    const auto text = problems.render();
    const auto at = text.find(": ");
    return at == std::string::npos ? text : text.substr(at + 2);
}

struct Row {
    const char* fields;
    const char* problem;  // empty: it loads
};

TEST(PolicyVocabulary, KnowsWhatTheSchemasOfTheToolsAllow)
{
    const std::string on_manage = "tools: [manage_container], tier: control, parameters: ";
    const Row rows[] = {
        {"{action: {equals: restrt}}",
         "\"restrt\" can never be the argument: \"action\" must be one of \"start\", \"stop\", "
         "\"restart\"; did you mean \"restart\"?\n"},
        {"{action: {equals: restart}}", ""},
        {"{grace_seconds: {equals: 121}}",
         "\"121\" can never be the argument: \"grace_seconds\" must be at most 120, e.g. 10\n"},
        {"{grace_seconds: {equals: 120.0}}", ""},
        {"{grace_seconds: {min: 121}}",
         "\"min\" of 121 can never hold: \"grace_seconds\" ends at 120\n"},
        {"{name_or_id: {equals: '-web'}}",
         "\"-web\" can never be the argument: \"name_or_id\" must match "
         "^[A-Za-z0-9][A-Za-z0-9_.-]*$, which \"-web\" does not, e.g. \"web\"\n"},
        {"{name_or_id: {equals: 5}}",
         "\"5\" can never be the argument: \"name_or_id\" must be text, e.g. \"web\"; write it in "
         "quotes\n"},
        {"{name_or_id: {equals: '5'}}", ""},
    };
    for (const auto& row : rows) EXPECT_EQ(problem_with(on_manage + row.fields), row.problem);
    const auto longest = std::string(128, 'a');
    EXPECT_TRUE(problem_with(on_manage + "{name_or_id: {equals: " + longest + "a}}")
                    .ends_with("must have at most 128 characters, e.g. \"web\"\n"));
    EXPECT_EQ(problem_with(on_manage + "{name_or_id: {equals: " + longest + "}}"), "");
}

TEST(PolicyVocabulary, KnowsPathsInTheFormInWhichTheyCome)
{
    const Row rows[] = {
        {"tools: [file_operations], parameters: {path: {equals: /srv/}}",
         "\"/srv/\" can never be the argument: \"path\" comes as \"/srv\"\n"},
        {"tools: [file_operations], parameters: {path: {equals: /srv}}", ""},
        {"tools: [http_request], parameters: {path: {equals: /a//b}}", "/a//b"},
        {"tools: [http_request], parameters: {path: {equals: /a/b/}}", ""},
    };
    for (const auto& row : rows) {
        const auto problem = problem_with(row.fields);
        EXPECT_NE(problem.find(row.problem), std::string::npos) << problem;
        EXPECT_EQ(problem.empty(), *row.problem == '\0') << problem;
    }
}

TEST(PolicyVocabulary, KnowsTheCommandsOfTheCatalogue)
{
    const std::string on_commands = "tools: [execute_command], parameters: ";
    const Row rows[] = {
        {"{command_name: {equals: disk_usge}}", "did you mean \"disk_usage\"?\n"},
        {"{command_name: {equals: disk_usage}}", ""},
        {"{requires_confirmation: {equals: true}}", ""},
        {"{category: {equals: disc}}", "did you mean \"disk\"?\n"},
        {"{category: {equals: disk}}", ""},
    };
    for (const auto& row : rows) {
        const auto problem = problem_with(on_commands + row.fields);
        if (*row.problem == '\0') {
            EXPECT_EQ(problem, "") << row.fields;
        } else {
            EXPECT_TRUE(problem.ends_with(row.problem)) << row.fields << ": " << problem;
        }
    }
}

constexpr auto catalogue = R"(commands:
  - {name: look, description: looks, command_template: "ls {path}", parameters: {path: where},
     capability: "file:read"}
  - {name: mend, description: mends, command_template: "mend {unit} {times}", dangerous: true,
     capability: "system:write", parameters: {unit: {allowed_values: [web, db]},
     times: {type: integer, min: 1, max: 3}}}
)";

TEST(PolicyVocabulary, KnowsTheTierOfACommandAndOfAMethod)
{
    const std::string on_mend =
        "tools: [execute_command], parameters: {command_name: {equals: mend}}";
    EXPECT_EQ(problem_with(on_mend, catalogue),
              "calls of tool \"execute_command\" with such arguments are of tier control, and the "
              "rule ends at observe; write \"tier: control\"\n");
    EXPECT_EQ(problem_with("tier: control, " + on_mend, catalogue), "");
    EXPECT_EQ(problem_with("tools: [execute_command], parameters: {command_name: {equals: look}}",
                           catalogue),
              "");
    const std::string on_post = "tools: [http_request], parameters: {method: {equals: POST}}";
    EXPECT_EQ(problem_with(on_post),
              "calls of tool \"http_request\" with such arguments are of tier control, and the "
              "rule ends at observe; write \"tier: control\"\n");
    EXPECT_EQ(problem_with("tier: control, " + on_post), "");
}

TEST(PolicyVocabulary, KnowsTheParametersOfCommands)
{
    const std::string any = "tools: [execute_command], tier: control, parameters: ";
    const Row rows[] = {
        {"{parameters.times: {equals: 4}}",
         "\"4\" can never be the argument: the parameter \"times\" must be a whole number from 1 "
         "to "
         "3, e.g. 1\n"},
        {"{parameters.times: {equals: 3}}", ""},
        {"{parameters.times: {equals: '3'}}",
         "\"3\" can never be the argument: \"parameters.times\" is a whole number; leave the "
         "quotes "
         "out\n"},
        {"{parameters.unit: {equals: mail}}",
         "\"mail\" can never be the argument: the parameter \"unit\" must be one of web, db, e.g. "
         "\"web\"\n"},
        {"{parameters.unit: {equals: db}}", ""},
        {"{parameters.path: {equals: /srv/}}",
         "\"/srv/\" can never be the argument: \"parameters.path\" comes as \"/srv\"\n"},
        {"{parameters.path: {equals: /srv}}", ""},
        {"{command_name: {equals: look}, parameters.unit: {equals: db}}",
         "no call of tool \"execute_command\" meets this rule's conditions on arguments\n"},
        {"{command_name: {equals: mend}, parameters.unit: {equals: db}}", ""},
    };
    for (const auto& row : rows) EXPECT_EQ(problem_with(any + row.fields, catalogue), row.problem);
}

}  // namespace
}  // namespace tailops::tools
