#include "tests/conformance/fixture_service.hpp"

#include <nlohmann/json.hpp>

namespace tailops::fixture {
namespace {

using namespace std::chrono_literals;
using Outcome = Result<service::ToolOutcome>;

// Eight samples of silence, 8 kHz, 8 bit.
constexpr std::string_view wav =
    "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

constexpr std::string_view schema_2020_12 = R"json({
  "$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
  "$defs":{"address":{"$anchor":"addressDef","type":"object",
    "properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
  "properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},
    "contactMethod":{"type":"string","enum":["phone","email"]},
    "phone":{"type":"string"},"email":{"type":"string"}},
  "allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
  "if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},
  "then":{"required":["phone"]},"else":{"required":["email"]},"additionalProperties":false})json";

constexpr std::string_view schema_with_header = R"json({"type":"object",
  "properties":{"region":{"type":"string","x-mcp-header":"Region"}}})json";

service::ToolResult blocks(json array)
{
    return {.text = {}, .structured = nullptr, .more_blocks = shared(std::move(array))};
}

Task<Outcome> simple_text(FixtureCall)
{
    co_return text_result("This is a simple text response for testing.");
}

Task<Outcome> image(FixtureCall)
{
    co_return blocks({{{"type", "image"}, {"data", png}, {"mimeType", "image/png"}}});
}

Task<Outcome> audio(FixtureCall)
{
    co_return blocks({{{"type", "audio"}, {"data", wav}, {"mimeType", "audio/wav"}}});
}

json embedded(std::string_view uri, std::string_view type, std::string_view text)
{
    return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", type}, {"text", text}}}};
}

Task<Outcome> embedded_resource(FixtureCall)
{
    co_return blocks(json::array({embedded("test://embedded-resource", "text/plain",
                                           "This is an embedded resource content.")}));
}

Task<Outcome> mixed(FixtureCall)
{
    auto array = json::array({{{"type", "text"}, {"text", "Multiple content types test:"}},
                              {{"type", "image"}, {"data", png}, {"mimeType", "image/png"}},
                              embedded("test://mixed-content-resource", "application/json",
                                       R"({"test":"data","value":123})")});
    co_return blocks(std::move(array));
}

Task<Outcome> with_logging(FixtureCall call)
{
    for (const auto* said :
         {"Tool execution started", "Tool processing data", "Tool execution completed"}) {
        call.caller.log(service::LogLevel::info, "fixture", said);
        co_await pause(50ms);
    }
    co_return text_result("Tool with logging executed successfully");
}

Task<Outcome> with_progress(FixtureCall call)
{
    for (const double done : {0., 50., 100.}) {
        call.caller.progress({.done = done, .total = 100});
        co_await pause(50ms);
    }
    co_return text_result("Tool with progress executed successfully");
}

Task<Outcome> failing(FixtureCall)
{
    auto result = text_result("This tool intentionally returns an error for testing");
    result.is_error = true;
    co_return result;
}

Task<Outcome> reconnection(FixtureCall call)
{
    co_await pause(50ms);
    call.caller.interrupt_stream();
    co_await pause(100ms);
    co_return text_result("Reconnection test completed successfully");
}

Task<Outcome> schema_tool(FixtureCall)
{
    co_return text_result("The schema was kept");
}

Task<Outcome> routed(FixtureCall)
{
    co_return text_result("The headers matched");
}

Task<Outcome> streaming(FixtureCall call)
{
    call.caller.progress({.done = 1, .total = 1});
    co_return text_result("Nothing was asked");
}

Task<Outcome> per_request_log(FixtureCall call)
{
    using service::LogLevel;
    for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
        call.caller.log(level, "fixture", service::to_string(level));
    }
    co_return text_result("Logged at four levels");
}

Task<Outcome> slow(FixtureCall call)
{
    const auto wanted = call.arguments.value("durationMs", 1000);
    co_await pause(std::chrono::milliseconds{std::clamp(wanted, 0, 30'000)});
    co_return text_result("Slept");
}

Task<Outcome> fast(FixtureCall)
{
    co_return text_result("Did not sleep");
}

Task<Outcome> change_tools(FixtureCall call)
{
    call.service.publish(service::change::Tools{});
    co_return text_result("Told that the tools have changed");
}

Task<Outcome> change_prompts(FixtureCall call)
{
    call.service.publish(service::change::Prompts{});
    co_return text_result("Told that the prompts have changed");
}

service::ToolResult structured(json value)
{
    auto result = text_result(value.dump());
    result.structured = shared(std::move(value));
    return result;
}

Task<Outcome> array_output(FixtureCall)
{
    co_return structured(json::array({1, 2, 3}));
}

Task<Outcome> primitive_output(FixtureCall)
{
    co_return structured("text");
}

}  // namespace

const std::vector<FixtureRow>& simple_tools()
{
    static const std::vector<FixtureRow> rows{
        {"test_simple_text", "Answers with text", no_arguments, simple_text},
        {"test_image_content", "Answers with an image", no_arguments, image},
        {"test_audio_content", "Answers with a sound", no_arguments, audio},
        {"test_embedded_resource", "Answers with a resource", no_arguments, embedded_resource},
        {"test_multiple_content_types", "Answers with three kinds of content", no_arguments, mixed},
        {"test_tool_with_logging", "Logs while it works", no_arguments, with_logging},
        {"test_tool_with_progress", "Tells how far it has got", no_arguments, with_progress},
        {"test_error_handling", "Always fails", no_arguments, failing},
        {"test_reconnection", "Closes its stream before it answers", no_arguments, reconnection},
        {"json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", schema_2020_12,
         schema_tool},
        {"test_x_mcp_header", "Mirrors an argument into a header", schema_with_header, routed},
        {"test_streaming_elicitation", "Streams without a question", no_arguments, streaming},
        {"test_logging_tool", "Logs what the request asked for", no_arguments, per_request_log},
        {"test_tool_slow", "Sleeps",
         R"({"type":"object","properties":{"durationMs":{"type":"integer"}}})", slow},
        {"test_tool_fast", "Does not sleep", no_arguments, fast},
        {"test_trigger_tool_change", "Says that the tools have changed", no_arguments,
         change_tools},
        {"test_trigger_prompt_change", "Says that the prompts have changed", no_arguments,
         change_prompts},
        {"sep_2106_array_output_tool", "Answers with an array", no_arguments, array_output},
        {"sep_2106_primitive_output_tool", "Answers with a string", no_arguments, primitive_output},
    };
    return rows;
}

}  // namespace tailops::fixture
