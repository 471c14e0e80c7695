#include "gateway/mcp/gateway_service.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace tailops::mcp {
namespace {

using nlohmann::json;

json annotations_of(const tools::Tool& tool)
{
    return {{"readOnlyHint", tool.annotations.read_only},
            {"destructiveHint", tool.annotations.destructive},
            {"idempotentHint", tool.annotations.idempotent},
            {"openWorldHint", tool.annotations.open_world}};
}

std::shared_ptr<const json> shared(json value)
{
    return std::make_shared<const json>(std::move(value));
}

/// The listing of every tool; schemas are parsed once.
const std::map<std::string_view, ToolListing>& listings()
{
    static const auto table = [] {
        std::map<std::string_view, ToolListing> out;
        for (const auto& tool : tools::all()) {
            ToolListing listing{.name = std::string{tool.name},
                                .title = std::string{tool.title},
                                .description = std::string{tool.summary},
                                .input_schema = shared(tools::full_input_schema(tool)),
                                .output_schema = nullptr,
                                .annotations = shared(annotations_of(tool)),
                                .may_last = tool.needs_target()};
            // The unit tests parse every schema; a bad one never gets here.
            if (auto schema = parse_json(tool.output_schema)) {
                listing.output_schema = shared(*std::move(schema));
            }
            out.emplace(tool.name, std::move(listing));
        }
        return out;
    }();
    return table;
}

ToolResult as_result(const Error& error)
{
    return {.text = std::string{to_string(error.code())} + ": " + error.public_message(),
            .structured = nullptr,
            .is_error = true,
            .more_blocks = nullptr};
}

}  // namespace

std::string GatewayService::instructions() const
{
    return "TailOps Gateway operates machines for you within a policy. Call list_targets first: "
           "every "
           "tool about a machine takes its id as `target`. A refusal says which rule decided; do "
           "not "
           "work around it. \"approval required\" means that a person must agree first.";
}

std::vector<ToolListing> GatewayService::list_tools(const auth::Principal& principal) const
{
    std::vector<ToolListing> out;
    for (const auto* tool : pipeline_.visible_tools(principal)) {
        out.push_back(listings().at(tool->name));
    }
    return out;
}

const ToolListing* GatewayService::find_tool(std::string_view name) const
{
    const auto at = listings().find(name);
    return at == listings().end() ? nullptr : &at->second;
}

std::string GatewayService::listing_key(ListKind, const auth::Principal& principal) const
{
    // Whatever a rule can match on; what the lists cannot depend on (expiry) is left out.
    const auto& identity = principal.identity;
    std::string key = std::to_string(pipeline_.generation());
    const auto add = [&key](std::string_view part) {
        key += '\n';
        key += part;
    };
    add(identity.issuer);
    add(identity.subject.view());
    add(identity.name);
    add(identity.client_id);
    for (const auto& group : identity.groups) add(group);
    add("scopes");
    if (identity.scopes) {
        for (const auto& scope : *identity.scopes) add(scope);
    }
    return key;
}

Task<Result<ToolOutcome>> GatewayService::call_tool(Caller& caller,
                                                    std::string name,
                                                    JsonPart arguments)
{
    if (!tools::find(name))
        co_return fail(Errc::not_found, "Unknown tool: " + escaped_line(name, 64));
    call::Invocation call{.id = caller.request(),
                          .principal = caller.principal(),
                          .tool = std::move(name),
                          .arguments = std::move(arguments)};
    auto answer = co_await pipeline_.run(std::move(call));
    if (answer) {
        ToolResult result{.text = dump_json(*answer->content),
                          .structured = answer->dry_run ? nullptr : answer->content,
                          .is_error = answer->failed,
                          .more_blocks = nullptr};
        co_return result;
    }
    const auto code = answer.error().code();
    if (code == Errc::insufficient_scope || code == Errc::cancelled) {
        co_return fail(std::move(answer).error());
    }
    co_return as_result(answer.error());
}

}  // namespace tailops::mcp
