#include "gateway/core/json.hpp"
#include "gateway/service/compact_tools.hpp"
#include "gateway/service/gateway_completions.hpp"
#include "gateway/service/gateway_prompt_table.hpp"
#include "gateway/service/gateway_prompts.hpp"
#include "gateway/tools/tool.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

using nlohmann::json;

service::GatewayPrompts::ToolNames every_tool()
{
    service::GatewayPrompts::ToolNames names;
    for (const auto& tool : tools::ToolCatalogue::shipped()->all()) names.emplace(tool.name);
    return names;
}

TEST(GatewayPrompts, NameOnlyToolsThatThereAre)
{
    EXPECT_EQ(service::prompt_table().size(), 9U);
    EXPECT_TRUE(std::ranges::is_sorted(service::prompt_table(), {}, &service::PromptRow::name));
    for (const auto& prompt : service::prompt_table()) {
        for (const auto& step : prompt.steps) {
            for (const auto tool : step.tools) {
                EXPECT_TRUE(tools::ToolCatalogue::shipped()->find(tool))
                    << prompt.name << ": " << tool;
            }
        }
    }
}

TEST(GatewayPrompts, LeaveOutWhatTheAskerMayNotUse)
{
    const auto all = service::GatewayPrompts::get("health_check", json::object(), every_tool());
    const auto few =
        service::GatewayPrompts::get("health_check", json::object(), {"get_system_status"});
    ASSERT_TRUE(all && few);
    EXPECT_NE(all->messages->dump().find("get_container_logs"), std::string::npos);
    EXPECT_EQ(few->messages->dump().find("get_container_logs"), std::string::npos);
    EXPECT_NE(few->messages->dump().find("get_system_status"), std::string::npos);
}

TEST(GatewayPrompts, AreNotThereForWhoCanDoNoneOfTheirSteps)
{
    EXPECT_TRUE(service::GatewayPrompts::list({}).empty());
    EXPECT_EQ(service::GatewayPrompts::get("health_check", json::object(), {}).error().code(),
              Errc::not_found);
    EXPECT_EQ(service::GatewayPrompts::list(every_tool()).size(), 9U);
}

TEST(GatewayPrompts, PutArgumentsInAndRefuseWhatDoesNotFit)
{
    const auto get = [](const json& arguments) {
        return service::GatewayPrompts::get("troubleshoot_container", arguments, every_tool());
    };
    const auto made = get({{"container_name", "web"}, {"target", "docker-01"}});
    ASSERT_TRUE(made);
    EXPECT_NE(made->messages->dump().find("The container web on docker-01"), std::string::npos);
    EXPECT_EQ(get(json::object()).error().code(), Errc::invalid_argument);
    EXPECT_EQ(get({{"container_name", "web"}, {"other", "x"}}).error().code(),
              Errc::invalid_argument);
    EXPECT_EQ(get({{"container_name", std::string(257, 'x')}}).error().code(),
              Errc::invalid_argument);
}

TEST(Completions, AreRankedByHowWellTheyGo)
{
    const std::vector<std::string> names{"db-web", "Web-01", "web", "w-e-b", "api"};
    EXPECT_EQ(service::ranked(names, "web"),
              (std::vector<std::string>{"web", "Web-01", "db-web", "w-e-b"}));
    EXPECT_EQ(service::ranked(names, "").size(), 5U);
    EXPECT_TRUE(service::ranked(names, "zzz").empty());
}

std::vector<service::ToolListing> two_tools()
{
    const auto schema = std::make_shared<const json>(json{{"type", "object"}});
    return {{.name = "get_container_logs",
             .title = "Logs",
             .description = "what a container wrote",
             .input_schema = schema,
             .output_schema = nullptr,
             .annotations = nullptr},
            {.name = "whoami",
             .title = "Who am I",
             .description = "who you are",
             .input_schema = schema,
             .output_schema = nullptr,
             .annotations = nullptr}};
}

TEST(CompactExposure, ListsTheEverydayToolsAndItsOwn)
{
    std::vector<std::string> names;
    for (const auto& tool : service::compact_listing(two_tools())) names.push_back(tool.name);
    EXPECT_EQ(names,
              (std::vector<std::string>{"call_tool", "describe_tool", "search_tools", "whoami"}));
}

TEST(CompactExposure, FindsAndDescribesOnlyWhatTheCallerMayUse)
{
    const auto found =
        service::answer_compact_tool("search_tools", {{"query", "container logs"}}, two_tools());
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)["tools"][0]["name"], "get_container_logs");
    EXPECT_TRUE(service::answer_compact_tool("describe_tool", {{"name", "whoami"}}, two_tools()));
    EXPECT_EQ(
        service::answer_compact_tool("describe_tool", {{"name", "execute_command"}}, two_tools())
            .error()
            .code(),
        Errc::not_found);
    EXPECT_EQ(
        service::answer_compact_tool("search_tools", json::object(), two_tools()).error().code(),
        Errc::invalid_argument);
}

TEST(CompactExposure, ReturnsWhatItsToolsDeclare)
{
    auto tools = two_tools();
    tools[0].output_schema = std::make_shared<const json>(json{{"type", "object"}});
    tools[0].annotations = std::make_shared<const json>(json{{"readOnlyHint", true}});
    const std::vector<std::pair<std::string, json>> calls{
        {"search_tools", {{"query", "container"}}},
        {"search_tools", {{"query", "zzz"}}},
        {"describe_tool", {{"name", "get_container_logs"}}},
        {"describe_tool", {{"name", "whoami"}}}};
    for (const auto& [name, arguments] : calls) {
        const auto& schema = service::find_compact_tool(name)->output_schema;
        ASSERT_TRUE(schema) << name;
        const auto result = service::answer_compact_tool(name, arguments, tools);
        ASSERT_TRUE(result) << name;
        const auto fits = tools::validate_against(*schema, *result);
        EXPECT_TRUE(fits) << fits.error().public_message();
        EXPECT_FALSE(tools::validate_against(*schema, json::object())) << name;
        auto more = *result;
        more["more"] = 1;
        EXPECT_FALSE(tools::validate_against(*schema, more)) << name;
    }
}

TEST(CompactExposure, DeclaresOfAnInnerToolWhatAllToolsDeclare)
{
    const auto& schema = service::find_compact_tool("call_tool")->output_schema;
    ASSERT_TRUE(schema);
    EXPECT_EQ(*schema, json({{"type", "object"}}));
    for (const auto& tool : tools::ToolCatalogue::shipped()->all()) {
        const auto inner = parse_json(tool.output_schema).value_or(json{});
        EXPECT_EQ(text_member(inner, "type"), "object") << tool.name;
    }
}

TEST(CompactExposure, CallsTheInnerToolAndNeverItself)
{
    const auto call = [](json arguments) {
        return service::inner_call(std::make_shared<const json>(std::move(arguments)));
    };
    const auto inner = call({{"name", "whoami"}, {"arguments", {{"a", 1}}}});
    ASSERT_TRUE(inner);
    EXPECT_EQ(inner->name, "whoami");
    EXPECT_EQ(inner->arguments->dump(), R"({"a":1})");
    EXPECT_EQ(call({{"name", "call_tool"}}).error().code(), Errc::invalid_argument);
    EXPECT_EQ(call({{"arguments", json::object()}}).error().code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace tailops::mcp
