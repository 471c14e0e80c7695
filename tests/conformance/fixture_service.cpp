#include "tests/conformance/fixture_service.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::fixture {
namespace {

namespace asio = boost::asio;

const FixtureRow* find_row(std::string_view name)
{
    for (const auto* rows : {&simple_tools(), &asking_tools(), &task_tools()}) {
        const auto at = std::ranges::find(*rows, name, &FixtureRow::name);
        if (at != rows->end()) return &*at;
    }
    return nullptr;
}

service::ToolListing listing_of(const FixtureRow& row)
{
    return {.name = std::string{row.name},
            .title = {},
            .description = std::string{row.description},
            .input_schema = shared(parse_json(row.input_schema).value()),
            .output_schema = nullptr,
            .annotations = nullptr};
}

json user_text(std::string_view text)
{
    return {{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}};
}

service::PromptResult prompt(json messages)
{
    return {.description = {}, .messages = shared(std::move(messages))};
}

std::string argument(const json& arguments, std::string_view name)
{
    return std::string{text_member(arguments, name)};
}

Result<service::PromptResult> prompt_of(std::string_view name, const json& arguments)
{
    if (name == "test_simple_prompt") {
        return prompt(json::array({user_text("This is a simple prompt for testing.")}));
    }
    if (name == "test_prompt_with_arguments") {
        return prompt(
            json::array({user_text("Prompt with arguments: arg1='" + argument(arguments, "arg1") +
                                   "', arg2='" + argument(arguments, "arg2") + "'")}));
    }
    if (name == "test_prompt_with_embedded_resource") {
        const json resource{{"uri", argument(arguments, "resourceUri")},
                            {"mimeType", "text/plain"},
                            {"text", "Embedded resource content for testing."}};
        return prompt(json::array(
            {{{"role", "user"}, {"content", {{"type", "resource"}, {"resource", resource}}}},
             user_text("Please process the embedded resource above.")}));
    }
    if (name == "test_prompt_with_image") {
        const json image{{"type", "image"}, {"data", png}, {"mimeType", "image/png"}};
        return prompt(json::array({{{"role", "user"}, {"content", image}},
                                   user_text("Please analyze the image above.")}));
    }
    return fail(Errc::not_found, "there is no prompt " + quote(name));
}

constexpr std::string_view template_begin = "test://template/";
constexpr std::string_view template_end = "/data";

/// The {id} of test://template/{id}/data, or nothing.
std::string_view id_in(std::string_view uri)
{
    if (!uri.starts_with(template_begin) || !uri.ends_with(template_end)) return {};
    if (uri.size() <= template_begin.size() + template_end.size()) return {};
    return uri.substr(template_begin.size(),
                      uri.size() - template_begin.size() - template_end.size());
}

json text_resource(std::string_view uri, std::string_view type, std::string_view text)
{
    return json::array({{{"uri", uri}, {"mimeType", type}, {"text", text}}});
}

Result<json> contents_of(std::string_view uri)
{
    if (uri == "test://static-text") {
        return text_resource(uri, "text/plain", "This is the content of the static text resource.");
    }
    if (uri == "test://static-binary") {
        return json::array({{{"uri", uri}, {"mimeType", "image/png"}, {"blob", png}}});
    }
    if (uri == "test://watched-resource") {
        return text_resource(uri, "text/plain", "Watched resource content");
    }
    if (const auto id = id_in(uri); !id.empty()) {
        const json data{
            {"id", id}, {"templateTest", true}, {"data", "Data for ID: " + std::string{id}}};
        return text_resource(uri, "application/json", data.dump());
    }
    return fail(Errc::not_found, "resource not found");
}

}  // namespace

JsonPart shared(json value)
{
    return std::make_shared<const json>(std::move(value));
}

service::ToolResult text_result(std::string text)
{
    return {.text = std::move(text), .structured = nullptr, .more_blocks = nullptr};
}

Task<void> pause(std::chrono::milliseconds time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

service::InputRequest elicitation(std::string_view message, std::string_view schema)
{
    return {"elicitation/create", shared({{"mode", "form"},
                                          {"message", message},
                                          {"requestedSchema", parse_json(schema).value()}})};
}

FixtureService::FixtureService()
{
    for (const auto* rows : {&simple_tools(), &asking_tools(), &task_tools()}) {
        for (const auto& row : *rows) tools_.push_back(listing_of(row));
    }
    std::ranges::sort(tools_, {}, &service::ToolListing::name);
}

std::shared_ptr<const service::ToolListing> FixtureService::find_tool(std::string_view name) const
{
    const auto at = std::ranges::find(tools_, name, &service::ToolListing::name);
    if (at == tools_.end()) return nullptr;
    return {std::shared_ptr<void>{}, &*at};  // lives as long as we do
}

std::vector<service::ToolListing> FixtureService::list_tools(const auth::Principal&) const
{
    return tools_;
}

std::vector<service::PromptListing> FixtureService::list_prompts(const auth::Principal&) const
{
    const auto row = [](std::string name, std::string description,
                        std::vector<service::PromptArgument> arguments) {
        return service::PromptListing{
            std::move(name), {}, std::move(description), std::move(arguments)};
    };
    return {row("test_input_required_result_prompt", "Asks before it answers", {}),
            row("test_prompt_with_arguments", "Two arguments",
                {{"arg1", "The first", true}, {"arg2", "The second", true}}),
            row("test_prompt_with_embedded_resource", "A resource inside",
                {{"resourceUri", "The resource", true}}),
            row("test_prompt_with_image", "An image inside", {}),
            row("test_simple_prompt", "One text", {})};
}

std::vector<service::ResourceListing> FixtureService::list_resources(const auth::Principal&) const
{
    return {{"test://static-binary", "static-binary", {}, "One pixel", "image/png"},
            {"test://static-text", "static-text", {}, "One sentence", "text/plain"},
            {"test://watched-resource", "watched-resource", {}, "Can be followed", "text/plain"}};
}

std::vector<service::ResourceListing> FixtureService::list_resource_templates(
    const auth::Principal&) const
{
    return {{"test://template/{id}/data", "template", {}, "Data by id", "application/json"}};
}

Task<Result<service::ToolOutcome>> FixtureService::call_tool(service::Caller& caller,
                                                             std::string name,
                                                             JsonPart arguments)
{
    const auto* row = find_row(name);
    if (!row) co_return fail(Errc::not_found, "Unknown tool: " + quote(name));
    const FixtureCall call{*this, caller, *arguments};
    co_return co_await row->run(call);
}

Task<Result<service::Outcome<service::PromptResult>>> FixtureService::get_prompt(
    service::Caller& caller, std::string name, JsonPart arguments)
{
    if (name == "test_input_required_result_prompt") {
        const auto* content = caller.accepted("user_context");
        if (!content) {
            service::InputRequired asks;
            asks.requests.emplace(
                "user_context",
                elicitation("What context should the prompt use?",
                            R"({"type":"object","properties":{"context":{"type":"string"}},)"
                            R"("required":["context"]})"));
            co_return asks;
        }
        co_return prompt(
            json::array({user_text("Use this context: " + argument(*content, "context"))}));
    }
    auto known = prompt_of(name, *arguments);
    if (!known) co_return fail(std::move(known).error());
    co_return *std::move(known);
}

Task<Result<service::Outcome<service::ResourceResult>>> FixtureService::read_resource(
    service::Caller&, std::string uri)
{
    auto contents = contents_of(uri);
    if (!contents) co_return fail(std::move(contents).error());
    co_return service::ResourceResult{shared(*std::move(contents))};
}

Task<Result<service::Completion>> FixtureService::complete(service::Caller&,
                                                           service::CompletionQuery query)
{
    service::Completion completion;
    for (const auto* word : {"paris", "park", "party", "test"}) {
        if (std::string_view{word}.starts_with(query.value)) completion.values.emplace_back(word);
    }
    completion.total = completion.values.size();
    co_return completion;
}

service::Following FixtureService::following(const auth::Principal&, std::string_view uri) const
{
    return contents_of(uri) ? service::Following::allowed : service::Following::hidden;
}

}  // namespace tailops::fixture
