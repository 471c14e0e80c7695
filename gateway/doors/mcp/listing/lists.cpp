#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

/// One page of a list (MCP 2026-07-28, server/utilities/pagination). An empty cursor is a cursor.
Answer page_of_list(Protocol& protocol,
                    const Asked& asked,
                    service::ListKind kind,
                    std::string_view member)
{
    const auto listing =
        protocol.listings.get(protocol.service, kind, asked.principal, asked.revision);
    std::size_t page = 0;
    const auto& params = asked.message.params;
    if (const auto* cursor = params ? find_member(*params, "cursor") : nullptr) {
        if (!cursor->is_string()) return invalid_params(asked, "\"cursor\" must be a string");
        const auto named = page_of(*listing, cursor->get_ref<const std::string&>());
        if (!named) return invalid_params(asked, named.error().public_message());
        page = *named;
    }
    const auto& items = listing->pages[page];
    auto message = begin_object(protocol, asked, ResultType::complete, items.size() + 128);
    append_cache_hints(message, protocol, asked);
    append_members(message, json_string(member));
    message += ':';
    message += items;
    if (page + 1 < listing->pages.size()) {
        message += R"(,"nextCursor":)";
        append_json_string(message, cursor_of(*listing, page + 1));
    }
    return end_object(std::move(message));
}

}  // namespace

Task<Answer> list_tools(Protocol& protocol, const Asked& asked)
{
    co_return page_of_list(protocol, asked, service::ListKind::tools, "tools");
}

Task<Answer> list_prompts(Protocol& protocol, const Asked& asked)
{
    co_return page_of_list(protocol, asked, service::ListKind::prompts, "prompts");
}

Task<Answer> list_resources(Protocol& protocol, const Asked& asked)
{
    co_return page_of_list(protocol, asked, service::ListKind::resources, "resources");
}

Task<Answer> list_resource_templates(Protocol& protocol, const Asked& asked)
{
    co_return page_of_list(protocol, asked, service::ListKind::resource_templates,
                           "resourceTemplates");
}

}  // namespace tailops::mcp
