#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/service/service.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::service {

/// The prompts: ways to begin a piece of work that people do again and again. They name only tools
/// that the asker may use; a step whose tools it may not use is left out, and a prompt without a
/// step left is not listed. Pure.
class GatewayPrompts {
public:
    using ToolNames = std::set<std::string, std::less<>>;

    static std::vector<PromptListing> list(const ToolNames& usable);

    /// Errors: not_found (no such prompt, or none of its steps can be done), invalid_argument
    /// (a required argument is missing, or one is unknown or too long).
    static Result<PromptResult> get(std::string_view name,
                                    const nlohmann::json& arguments,
                                    const ToolNames& usable);
};

}  // namespace tailops::service
