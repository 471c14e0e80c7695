#pragma once

#include "gateway/service/changes.hpp"
#include "gateway/service/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::fixture {

using nlohmann::json;

/// The tools, prompts and resources that the official conformance suites ask a server for, on the
/// libraries of the gateway. It does nothing real.
class FixtureService final : public service::Service {
public:
    FixtureService();

    /// Where the tools that say "something has changed" say it.
    std::function<void(const service::Change&)> publish;

    std::string instructions() const override { return "A server for conformance tests."; }
    service::Features features() const override
    {
        return {.prompts = true, .resources = true, .completions = true, .logging = true};
    }
    std::string listing_key(service::ListKind, const auth::Principal&) const override { return {}; }
    std::shared_ptr<const service::ToolListing> find_tool(std::string_view name) const override;
    std::vector<service::ToolListing> list_tools(const auth::Principal&) const override;
    std::vector<service::PromptListing> list_prompts(const auth::Principal&) const override;
    std::vector<service::ResourceListing> list_resources(const auth::Principal&) const override;
    std::vector<service::ResourceListing> list_resource_templates(
        const auth::Principal&) const override;
    Task<Result<service::ToolOutcome>> call_tool(service::Caller& caller,
                                                 std::string name,
                                                 JsonPart arguments) override;
    Task<Result<service::Outcome<service::PromptResult>>> get_prompt(service::Caller& caller,
                                                                     std::string name,
                                                                     JsonPart arguments) override;
    Task<Result<service::Outcome<service::ResourceResult>>> read_resource(service::Caller& caller,
                                                                          std::string uri) override;
    Task<Result<service::Completion>> complete(service::Caller&,
                                               service::CompletionQuery query) override;
    service::Following following(const auth::Principal&, std::string_view uri) const override;

private:
    std::vector<service::ToolListing> tools_;
};

/// One call of a fixture tool.
struct FixtureCall {
    FixtureService& service;
    service::Caller& caller;
    const json& arguments;
};
using FixtureTool = Task<Result<service::ToolOutcome>> (*)(FixtureCall);

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

JsonPart shared(json value);
service::ToolResult text_result(std::string text);
/// Waits, or throws when the call is cancelled.
Task<void> pause(std::chrono::milliseconds time);
service::InputRequest elicitation(std::string_view message, std::string_view schema);

inline constexpr std::string_view no_arguments = R"({"type":"object"})";
// The smallest PNG there is: one transparent pixel.
inline constexpr std::string_view png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

}  // namespace tailops::fixture
