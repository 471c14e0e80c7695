#include "gateway/service/compact_tools.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/tool.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::service {
namespace {

using nlohmann::json;

// What most conversations begin with.
constexpr std::array<std::string_view, 6> everyday{"execute_command",   "get_container_list",
                                                   "get_system_status", "health_check",
                                                   "list_targets",      "whoami"};
constexpr std::size_t found_max = 20;

constexpr std::string_view search_schema = R"json({
  "type": "object",
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 200,
              "description": "Words of what you want to do", "examples": ["container logs"]}
  },
  "required": ["query"], "additionalProperties": false
})json";

constexpr std::string_view describe_schema = R"json({
  "type": "object",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64, "examples": ["get_container_logs"]}
  },
  "required": ["name"], "additionalProperties": false
})json";

constexpr std::string_view call_schema = R"json({
  "type": "object",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The tool to call",
             "examples": ["get_container_logs"]},
    "arguments": {"type": "object", "description": "Its arguments, as describe_tool gives them"}
  },
  "required": ["name"], "additionalProperties": false
})json";

constexpr std::string_view search_result_schema = R"json({
  "type": "object",
  "properties": {
    "tools": {
      "type": "array", "description": "Best first, at most 20",
      "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
        "required": ["name", "description"], "additionalProperties": false
      }
    },
    "found": {"type": "integer", "minimum": 0, "description": "How many fit the query"},
    "usable": {"type": "integer", "minimum": 0, "description": "How many there are for you"}
  },
  "required": ["tools", "found", "usable"], "additionalProperties": false
})json";

constexpr std::string_view describe_result_schema = R"json({
  "type": "object",
  "properties": {
    "name": {"type": "string"},
    "title": {"type": "string"},
    "description": {"type": "string"},
    "inputSchema": {"type": "object", "description": "JSON Schema of the arguments"},
    "outputSchema": {"type": "object", "description": "JSON Schema of the structured result"},
    "annotations": {"type": "object"}
  },
  "required": ["name", "title", "description", "inputSchema"], "additionalProperties": false
})json";

// Whatever the inner tool returns: each has an object as its result, which describe_tool describes.
constexpr std::string_view call_result_schema = R"json({"type": "object"})json";

JsonPart parsed(std::string_view text)
{
    return std::make_shared<const json>(parse_json(text).value_or(json::object()));
}

JsonPart annotations(bool read_only)
{
    return std::make_shared<const json>(json{{"readOnlyHint", read_only},
                                             {"destructiveHint", !read_only},
                                             {"idempotentHint", read_only},
                                             {"openWorldHint", !read_only}});
}

const std::vector<ToolListing>& compact_tools()
{
    static const std::vector<ToolListing> tools{
        {.name = "call_tool",
         .title = "Call a tool",
         .description = "Calls any tool that search_tools finds, with its own arguments.",
         .input_schema = parsed(call_schema),
         .output_schema = parsed(call_result_schema),
         .annotations = annotations(false),
         .may_last = true},
        {.name = "describe_tool",
         .title = "Describe a tool",
         .description = "What a tool does, its arguments and its result, as JSON Schema.",
         .input_schema = parsed(describe_schema),
         .output_schema = parsed(describe_result_schema),
         .annotations = annotations(true)},
        {.name = "search_tools",
         .title = "Search the tools",
         .description = "Finds tools by what they do. Most are not listed: search for them here, "
                        "describe_tool the one you want, then call_tool it.",
         .input_schema = parsed(search_schema),
         .output_schema = parsed(search_result_schema),
         .annotations = annotations(true)}};
    return tools;
}

/// How many of the words stand in the tool's name, title or description; a name counts twice.
std::size_t matches(const ToolListing& tool, const std::vector<std::string>& words)
{
    const auto name = lower_ascii(tool.name);
    const auto text = lower_ascii(tool.title + ' ' + tool.description);
    std::size_t count = 0;
    for (const auto& word : words) {
        if (name.find(word) != std::string::npos) count += 2;
        if (text.find(word) != std::string::npos) ++count;
    }
    return count;
}

std::vector<std::string> words_of(std::string_view query)
{
    std::vector<std::string> out;
    for (const auto word : split(query, ' ')) {
        if (!word.empty()) out.push_back(lower_ascii(word));
    }
    return out;
}

json search(std::string_view query, const std::vector<ToolListing>& usable)
{
    const auto words = words_of(query);
    std::vector<std::pair<std::size_t, const ToolListing*>> found;
    for (const auto& tool : usable) {
        if (const auto count = matches(tool, words)) found.emplace_back(count, &tool);
    }
    std::ranges::stable_sort(found, std::ranges::greater{},
                             &std::pair<std::size_t, const ToolListing*>::first);
    auto rows = json::array();
    for (const auto& [count, tool] : found) {
        if (rows.size() == found_max) break;
        rows.push_back({{"name", tool->name}, {"description", tool->description}});
    }
    return {{"tools", std::move(rows)}, {"found", found.size()}, {"usable", usable.size()}};
}

Result<json> describe(std::string_view name, const std::vector<ToolListing>& usable)
{
    const auto tool = std::ranges::find(usable, name, &ToolListing::name);
    if (tool == usable.end()) {
        return fail(Errc::not_found, "there is no tool " + quote(name) +
                                         " for you; search_tools finds those there are");
    }
    json out{{"name", tool->name},
             {"title", tool->title},
             {"description", tool->description},
             {"inputSchema", *tool->input_schema}};
    if (tool->output_schema) out["outputSchema"] = *tool->output_schema;
    if (tool->annotations) out["annotations"] = *tool->annotations;
    return out;
}

}  // namespace

std::vector<ToolListing> compact_listing(const std::vector<ToolListing>& usable)
{
    auto out = compact_tools();
    for (const auto& tool : usable) {
        if (std::ranges::find(everyday, tool.name) != everyday.end()) out.push_back(tool);
    }
    std::ranges::sort(out, {}, &ToolListing::name);
    return out;
}

const ToolListing* find_compact_tool(std::string_view name)
{
    const auto& tools = compact_tools();
    const auto at = std::ranges::find(tools, name, &ToolListing::name);
    return at == tools.end() ? nullptr : &*at;
}

Result<InnerCall> inner_call(const JsonPart& arguments)
{
    if (auto ok =
            tools::validate_against(*find_compact_tool("call_tool")->input_schema, *arguments);
        !ok) {
        return fail(std::move(ok).error());
    }
    TAILOPS_TRY(auto name, field<std::string>(*arguments, "name"));
    if (find_compact_tool(name)) {
        return fail(Errc::invalid_argument, "\"name\" must be a tool that search_tools finds");
    }
    const auto* inner = find_member(*arguments, "arguments");
    return InnerCall{.name = std::move(name),
                     .arguments = inner ? JsonPart{arguments, inner}
                                        : std::make_shared<const json>(json::object())};
}

Result<json> answer_compact_tool(std::string_view name,
                                 const json& arguments,
                                 const std::vector<ToolListing>& usable)
{
    const auto* tool = find_compact_tool(name);
    if (!tool) return fail(Errc::not_found, "there is no tool " + quote(name));
    if (auto ok = tools::validate_against(*tool->input_schema, arguments); !ok) {
        return fail(std::move(ok).error());
    }
    if (name == "search_tools") {
        TAILOPS_TRY(const auto query, field<std::string>(arguments, "query"));
        return search(query, usable);
    }
    TAILOPS_TRY(const auto wanted, field<std::string>(arguments, "name"));
    return describe(wanted, usable);
}

}  // namespace tailops::service
