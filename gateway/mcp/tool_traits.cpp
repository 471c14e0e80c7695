#include "gateway/mcp/tool_traits.hpp"

namespace tailops::mcp {

std::shared_ptr<const ToolTraits> ToolTraitsTable::get(const Service& service,
                                                       std::string_view tool)
{
    {
        const std::scoped_lock lock{mutex_};
        if (const auto at = by_name_.find(tool); at != by_name_.end()) return at->second;
    }
    static const auto none = std::make_shared<const ToolTraits>();
    // Only names of real tools are kept, so that callers cannot fill the table.
    const auto* listing = service.find_tool(tool);
    if (!listing) return none;
    ToolTraits traits{.param_headers = {}, .may_last = listing->may_last};
    if (auto headers = param_headers(*listing->input_schema)) {
        traits.param_headers = *std::move(headers);
    }
    const auto kept = std::make_shared<const ToolTraits>(std::move(traits));
    const std::scoped_lock lock{mutex_};
    return by_name_.emplace(tool, kept).first->second;
}

}  // namespace tailops::mcp
