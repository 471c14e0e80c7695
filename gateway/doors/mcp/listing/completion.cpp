#include "gateway/core/json.hpp"
#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

using nlohmann::json;

/// Reads the params of completion/complete (MCP 2026-07-28, server/utilities/completion).
Result<service::CompletionQuery> query_of(const json& params)
{
    service::CompletionQuery query;
    TAILOPS_TRY(const auto ref, field<json>(params, "ref"));
    TAILOPS_TRY(const auto type, field<std::string>(ref, "type"));
    if (type == "ref/prompt") {
        query.about = service::CompletionQuery::About::prompt;
        TAILOPS_TRY(query.name, field<std::string>(ref, "name"));
    } else if (type == "ref/resource") {
        query.about = service::CompletionQuery::About::resource;
        TAILOPS_TRY(query.name, field<std::string>(ref, "uri"));
    } else {
        return fail(Errc::invalid_argument,
                    "\"ref.type\" must be \"ref/prompt\" or \"ref/resource\"");
    }
    TAILOPS_TRY(const auto argument, field<json>(params, "argument"));
    TAILOPS_TRY(query.argument, field<std::string>(argument, "name"));
    TAILOPS_TRY(query.value, field<std::string>(argument, "value"));
    const auto* context = find_member(params, "context");
    const auto* settled = context ? find_member(*context, "arguments") : nullptr;
    if (!settled) return query;
    if (!settled->is_object()) {
        return fail(Errc::invalid_argument, "\"context.arguments\" must be an object of strings");
    }
    for (const auto& [name, value] : settled->items()) {
        TAILOPS_TRY(query.context[name], field<std::string>(*settled, name));
    }
    return query;
}

}  // namespace

Task<Answer> complete_argument(Protocol& protocol, const Asked& asked)
{
    const auto query = query_of(asked.message.params ? *asked.message.params : json::object());
    if (!query) co_return invalid_params(asked, query.error().public_message());
    McpCaller caller{terms_of(protocol, asked), asked.outbox};
    const auto completion = co_await protocol.service.complete(caller, *query);
    if (!completion) {
        co_return refuse(protocol, refusal_for(completion.error(), asked.message.id));
    }
    const auto shown = std::min(completion->values.size(), service::Completion::values_max);
    const auto total = std::max(completion->total, completion->values.size());
    auto message = begin_object(protocol, asked, ResultType::complete, 256);
    append_members(message, R"("completion":{"values":[)");
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) message += ',';
        append_json_string(message, completion->values[i]);
    }
    message += R"(],"total":)" + std::to_string(total) + R"(,"hasMore":)";
    message += total > shown ? "true}" : "false}";
    co_return end_object(std::move(message));
}

}  // namespace tailops::mcp
