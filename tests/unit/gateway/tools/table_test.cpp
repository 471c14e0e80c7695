#include "gateway/core/json.hpp"
#include "gateway/tools/policy_words.hpp"
#include "gateway/tools/reference.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <re2/re2.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace tailops::tools {
namespace {

using nlohmann::json;

const std::set<std::string> supported = {
    "type",     "properties", "required",    "additionalProperties",
    "items",    "enum",       "const",       "minimum",
    "maximum",  "minLength",  "maxLength",   "minItems",
    "maxItems", "pattern",    "title",       "description",
    "default",  "examples",   "x-mcp-header"};

/// Complains of every keyword that validate_against would silently not check, and of descriptions,
/// patterns, defaults and examples that are not what they should be.
void check_schema(const json& schema, const std::string& where, bool is_input)
{
    ASSERT_TRUE(schema.is_object()) << where;
    for (const auto& [keyword, value] : schema.items()) {
        EXPECT_TRUE(supported.contains(keyword)) << where << ": " << keyword;
    }
    if (const auto* pattern = find_member(schema, "pattern")) {
        EXPECT_TRUE(re2::RE2{pattern->get<std::string>()}.ok()) << where;
    }
    if (const auto* usual = find_member(schema, "default")) {
        EXPECT_TRUE(validate_against(schema, *usual)) << where;
    }
    for (const auto& example : schema.value("examples", json::array())) {
        EXPECT_TRUE(validate_against(schema, example)) << where;
    }
    const auto properties = schema.value("properties", json::object());
    for (const auto& [name, inner] : properties.items()) {
        check_schema(inner, where + '.' + name, is_input);
        if (is_input) {
            EXPECT_TRUE(inner.contains("description")) << where << '.' << name;
        }
    }
    if (const auto* items = find_member(schema, "items"))
        check_schema(*items, where + "[]", is_input);
    const auto* others = find_member(schema, "additionalProperties");
    if (others && others->is_object()) check_schema(*others, where + ".*", is_input);
    for (const auto& name : schema.value("required", json::array())) {
        EXPECT_TRUE(properties.contains(name.get<std::string>()))
            << where << ": requires the unknown " << name;
    }
}

TEST(Table, IsSortedAndEveryToolIsFound)
{
    ASSERT_FALSE(all().empty());
    EXPECT_TRUE(std::ranges::is_sorted(all(), {}, &Tool::name));
    for (const auto& tool : all()) EXPECT_EQ(find(tool.name), &tool);
    EXPECT_EQ(find("get_system_statu"), nullptr);
}

TEST(Table, EveryColumnIsFilled)
{
    for (const auto& tool : all()) {
        SCOPED_TRACE(tool.name);
        EXPECT_FALSE(tool.title.empty());
        EXPECT_GT(tool.summary.size(), 20U);
        EXPECT_EQ((tool.plan != nullptr) + (tool.answer != nullptr) + (tool.fetch != nullptr), 1);
        EXPECT_FALSE(tool.rights.empty());
        if (tool.annotations.read_only) {
            EXPECT_FALSE(tool.annotations.destructive);
        }
        if (tool.annotations.read_only) {
            for (const auto& right : tool.rights) EXPECT_EQ(right.tier, Tier::observe);
        }
    }
}

TEST(Table, SchemasAreStrictAndUseOnlyWhatIsChecked)
{
    for (const auto& tool : all()) {
        const auto input = parse_json(tool.input_schema), output = parse_json(tool.output_schema);
        ASSERT_TRUE(input) << tool.name << input.error().describe();
        ASSERT_TRUE(output) << tool.name << output.error().describe();
        EXPECT_EQ(input->at("type"), "object");
        EXPECT_EQ(input->at("additionalProperties"), false) << tool.name;
        EXPECT_EQ(output->at("type"), "object");
        check_schema(*input, std::string{tool.name} + ".input", true);
        check_schema(*output, std::string{tool.name} + ".output", false);
        check_schema(full_input_schema(tool), std::string{tool.name} + ".full", true);
        const auto full = full_input_schema(tool).at("properties");
        EXPECT_EQ(full.contains("target"), tool.needs_target());
        EXPECT_EQ(full.contains("idempotency_key"), takes_idempotency_key(tool));
        EXPECT_EQ(takes_idempotency_key(tool), tool.needs_target() && !tool.annotations.read_only);
    }
}

TEST(Table, EveryTextArgumentIsBounded)
{
    for (const auto& tool : all()) {
        const auto properties = parse_json(tool.input_schema)->at("properties");
        for (const auto& [name, schema] : properties.items()) {
            if (schema.value("type", json{}) == "string") {
                EXPECT_TRUE(schema.contains("maxLength") || schema.contains("enum"))
                    << tool.name << '.' << name;
            }
            if (schema.value("type", json{}) == "integer") {
                EXPECT_TRUE(schema.contains("minimum") && schema.contains("maximum"))
                    << tool.name << '.' << name;
            }
        }
    }
}

TEST(Table, WhatADryRunOrAFailureAnswersFitsTheOutputSchema)
{
    for (const auto& tool : all()) {
        if (!tool.needs_target()) continue;
        const auto schema = parse_json(tool.output_schema);
        EXPECT_TRUE(validate_against(*schema, {{"dry_run", true}, {"would", "run x"}}))
            << tool.name;
        EXPECT_TRUE(validate_against(*schema, {{"success", false}, {"error", "no"}})) << tool.name;
        const json replay{
            {"replayed", true}, {"first_request", "r"}, {"omitted", json::array({"output"})}};
        EXPECT_TRUE(validate_against(*schema, replay)) << tool.name;
    }
}

/// Arguments that the tool accepts: the first of its golden calls.
json accepted_by(const Tool& tool)
{
    std::ifstream file{
        tailops::testing::source_file("tests/golden/tools/" + tool.name + "/calls.json")};
    std::stringstream text;
    text << file.rdbuf();
    return parse_json(text.str())->at("accepted").at(0);
}

TEST(Table, EveryPlanAsksForADeclaredRightAndShowsPolicyOnlyDeclaredParameters)
{
    targets::TargetSpec spec;
    spec.facts.id = TargetId{"t"};
    spec.file_roots = {"/srv"};
    const auto& commands = CommandCatalogue::shipped();
    for (const auto& tool : all()) {
        if (!tool.needs_target()) continue;
        SCOPED_TRACE(tool.name);
        auto arguments = accepted_by(tool);
        arguments["target"] = "t";
        const auto plan = tool.plan(arguments, {.target = &spec, .commands = &commands});
        ASSERT_TRUE(plan) << plan.error().describe();
        EXPECT_TRUE(std::ranges::find(tool.rights, plan->right) != tool.rights.end());
        const auto known = policy::parameters_of(policy_forms(tool, commands));
        for (const auto& [name, value] : plan->parameters) {
            EXPECT_TRUE(known.contains(name)) << name;
        }
        EXPECT_TRUE(plan->present || plan->place.present || plan->job);
    }
}

TEST(Table, AbsentArgumentsMeanTheDefaultsOfTheSchema)
{
    targets::TargetSpec spec;
    spec.file_roots = {"/srv"};
    const PlanContext context{.target = &spec, .commands = &CommandCatalogue::shipped()};
    for (const auto& tool : all()) {
        if (!tool.needs_target()) continue;
        auto arguments = accepted_by(tool);
        auto spelled_out = arguments;
        const auto properties = parse_json(tool.input_schema)->at("properties");
        for (const auto& [name, schema] : properties.items()) {
            if (schema.contains("default") && !arguments.contains(name)) {
                spelled_out[name] = schema.at("default");
            }
        }
        const auto plan = tool.plan(arguments, context), same = tool.plan(spelled_out, context);
        ASSERT_TRUE(plan && same) << tool.name;
        EXPECT_EQ(plan->parameters, same->parameters) << tool.name;
    }
}

TEST(ToolsReference, IsWhatDocsToolsSays)
{
    std::ifstream file{tailops::testing::source_file("docs/tools.md")};
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), tools_reference())
        << "write docs/tools.md anew: tailops tools-reference > docs/tools.md";
}

}  // namespace
}  // namespace tailops::tools
