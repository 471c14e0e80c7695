#include "gateway/core/json.hpp"
#include "gateway/mcp/json_text.hpp"
#include "gateway/mcp/methods.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

JsonPart no_arguments()
{
    static const auto empty = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    return empty;
}

/// Structured results exist since 2025-06-18, and any JSON value since 2026-07-28.
bool shows_structured(const ToolResult& result, Revision revision)
{
    if (!result.structured || revision == Revision::v2025_03_26) return false;
    return is_modern(revision) || result.structured->is_object();
}

Answer tool_answer(const Protocol& protocol, const Asked& asked, const ToolResult& result)
{
    const bool structured = shows_structured(result, asked.revision);
    // Twice the text: what is in the text block is mostly in the structured result again.
    auto message = begin_object(protocol, asked, result.text.size() * (structured ? 2 : 1) + 96);
    if (is_modern(asked.revision)) message += ',';
    message += R"("content":[{"type":"text","text":)";
    append_json_string(message, result.text);
    message += "}]";
    if (structured) {
        message += R"(,"structuredContent":)";
        append_json(message, *result.structured);
    }
    if (result.is_error) message += R"(,"isError":true)";
    return end_object(std::move(message));
}

Answer failed_answer(const Protocol& protocol, const Asked& asked, const Error& error)
{
    if (kind_of(error.code()) == FailureKind::tool_error) {
        return tool_answer(protocol, asked,
                           {.text = error.public_message(), .structured = {}, .is_error = true});
    }
    return refuse(protocol, refusal_for(error, asked.message.id));
}

/// The headers that a modern client mirrors from the arguments of this tool.
Status check_mirrored(Protocol& protocol,
                      const Asked& asked,
                      const std::string& tool,
                      const nlohmann::json& arguments)
{
    if (!is_modern(asked.revision)) return {};
    const auto listing = protocol.listings.get(protocol.service, asked.principal, asked.revision);
    const auto expected = listing->param_headers.find(tool);
    if (expected == listing->param_headers.end()) return {};
    return check_param_headers(expected->second, asked.headers, arguments);
}

Answer header_mismatch(const Asked& asked, const Error& error)
{
    return to_answer({.status = 400,
                      .code = code::header_mismatch,
                      .message = "header mismatch: " + error.public_message(),
                      .id = asked.message.id});
}

}  // namespace

Task<Answer> list_tools(Protocol& protocol, const Asked& asked)
{
    // The list is one page, so that no cursor can be ours.
    if (asked.message.params && find_member(*asked.message.params, "cursor")) {
        co_return invalid_params(asked, "unknown \"cursor\": the list has one page");
    }
    const auto listing = protocol.listings.get(protocol.service, asked.principal, asked.revision);
    auto message = begin_object(protocol, asked, listing->tools.size() + 64);
    if (is_modern(asked.revision)) {
        // Private: each caller sees the tools that it may use.
        message += R"(,"cacheScope":"private","ttlMs":)";
        message += std::to_string(protocol.settings.cache_ttl.count());
        message += ',';
    }
    message += R"("tools":)";
    message += listing->tools;
    co_return end_object(std::move(message));
}

Task<Answer> call_tool(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* name = params ? find_member(*params, "name") : nullptr;
    if (!name || !name->is_string()) co_return invalid_params(asked, "\"name\" must be a string");
    const auto* given = find_member(*params, "arguments");
    if (given && !given->is_object()) {
        co_return invalid_params(asked, "\"arguments\" must be an object");
    }
    const auto arguments = given ? JsonPart{params, given} : no_arguments();
    const auto& tool = name->get_ref<const std::string&>();
    if (auto mirrored = check_mirrored(protocol, asked, tool, *arguments); !mirrored) {
        co_return header_mismatch(asked, mirrored.error());
    }
    const auto result =
        co_await protocol.service.call_tool(asked.principal, asked.request, tool, arguments);
    if (!result) co_return failed_answer(protocol, asked, result.error());
    co_return tool_answer(protocol, asked, *result);
}

}  // namespace tailops::mcp
