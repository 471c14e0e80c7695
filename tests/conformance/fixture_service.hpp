#pragma once

#include "gateway/mcp/changes.hpp"
#include "gateway/mcp/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::fixture {

using nlohmann::json;

/// The tools, prompts and resources that the official conformance suites ask a server for, on the
/// libraries of the gateway. It does nothing real.
class FixtureService final : public mcp::Service {
public:
    FixtureService();

    /// Where the tools that say "something has changed" say it.
    std::function<void(const mcp::Change&)> publish;

    std::string instructions() const override { return "A server for conformance tests."; }
    mcp::Features features() const override
    {
        return {.prompts = true, .resources = true, .completions = true, .logging = true};
    }
    std::string listing_key(mcp::ListKind, const auth::Principal&) const override { return {}; }
    std::shared_ptr<const mcp::ToolListing> find_tool(std::string_view name) const override;
    std::vector<mcp::ToolListing> list_tools(const auth::Principal&) const override;
    std::vector<mcp::PromptListing> list_prompts(const auth::Principal&) const override;
    std::vector<mcp::ResourceListing> list_resources(const auth::Principal&) const override;
    std::vector<mcp::ResourceListing> list_resource_templates(
        const auth::Principal&) const override;
    Task<Result<mcp::ToolOutcome>> call_tool(mcp::Caller& caller,
                                             std::string name,
                                             mcp::JsonPart arguments) override;
    Task<Result<mcp::Outcome<mcp::PromptResult>>> get_prompt(mcp::Caller& caller,
                                                             std::string name,
                                                             mcp::JsonPart arguments) override;
    Task<Result<mcp::Outcome<mcp::ResourceResult>>> read_resource(mcp::Caller& caller,
                                                                  std::string uri) override;
    Task<Result<mcp::Completion>> complete(mcp::Caller&, mcp::CompletionQuery query) override;
    mcp::Following following(const auth::Principal&, std::string_view uri) const override;

private:
    std::vector<mcp::ToolListing> tools_;
};

/// One call of a fixture tool.
struct FixtureCall {
    FixtureService& service;
    mcp::Caller& caller;
    const json& arguments;
};
using FixtureTool = Task<Result<mcp::ToolOutcome>> (*)(FixtureCall);

struct FixtureRow {
    std::string_view name;
    std::string_view description;
    std::string_view input_schema;
    FixtureTool run;
};

/// By file of the same name.
const std::vector<FixtureRow>& simple_tools();
const std::vector<FixtureRow>& asking_tools();
const std::vector<FixtureRow>& task_tools();

mcp::JsonPart shared(json value);
mcp::ToolResult text_result(std::string text);
/// Waits, or throws when the call is cancelled.
Task<void> pause(std::chrono::milliseconds time);
mcp::InputRequest elicitation(std::string_view message, std::string_view schema);

inline constexpr std::string_view no_arguments = R"({"type":"object"})";
// The smallest PNG there is: one transparent pixel.
inline constexpr std::string_view png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

}  // namespace tailops::fixture
