#pragma once

#include "gateway/service/service.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tailops::service {

/// How many tools a client is shown (`mcp.tool_exposure`). Compact is for clients that pay for each
/// tool: a handful of everyday ones, and three that find, describe and call the others.
enum class ToolExposure { full, compact };

/// What compact shows of `usable`: the everyday tools and the three of its own, sorted by name.
std::vector<ToolListing> compact_listing(const std::vector<ToolListing>& usable);

/// The listing of search_tools, describe_tool or call_tool; null for others.
const ToolListing* find_compact_tool(std::string_view name);

/// The call that call_tool stands for: the gate sees this one. Errors: invalid_argument.
struct InnerCall {
    std::string name;
    JsonPart arguments;
};
Result<InnerCall> inner_call(const JsonPart& arguments);

/// Answers search_tools and describe_tool from what the caller may use. Pure. Errors:
/// invalid_argument, not_found.
Result<nlohmann::json> answer_compact_tool(std::string_view name,
                                           const nlohmann::json& arguments,
                                           const std::vector<ToolListing>& usable);

}  // namespace tailops::service
