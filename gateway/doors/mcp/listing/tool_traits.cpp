#include "gateway/doors/mcp/listing/tool_traits.hpp"

namespace tailops::mcp {

std::shared_ptr<const ToolTraits> ToolTraitsTable::get(const service::Service& service,
                                                       std::string_view tool)
{
    static const auto none = std::make_shared<const ToolTraits>();
    // Only names of real tools are kept, so that callers cannot fill the table.
    auto listing = service.find_tool(tool);
    if (!listing) return none;
    {
        const std::scoped_lock lock{mutex_};
        const auto at = by_name_.find(tool);
        if (at != by_name_.end() && at->second.listing == listing) return at->second.traits;
    }
    ToolTraits traits{.param_headers = {}, .may_last = listing->may_last};
    if (auto headers = param_headers(*listing->input_schema)) {
        traits.param_headers = *std::move(headers);
    }
    const Entry entry{std::move(listing), std::make_shared<const ToolTraits>(std::move(traits))};
    const std::scoped_lock lock{mutex_};
    by_name_.insert_or_assign(std::string{tool}, entry);
    return entry.traits;
}

}  // namespace tailops::mcp
