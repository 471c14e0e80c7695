#include "gateway/tools/catalogue.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::tools {

/// One of each file that defines `Tool NAME()` and is called so: made by
/// cmake/tools_of_files.cmake.
std::vector<Tool> tools_of_files();

ToolCatalogue::ToolCatalogue(std::vector<Tool> tools) : tools_{std::move(tools)}
{
    std::ranges::sort(tools_, {}, &Tool::name);
    for (const auto& tool : tools_) {
        schemas_.push_back(std::make_shared<const nlohmann::json>(full_input_schema(tool)));
    }
}

std::shared_ptr<const ToolCatalogue> ToolCatalogue::shipped()
{
    static const auto catalogue = std::make_shared<const ToolCatalogue>(tools_of_files());
    return catalogue;
}

const Tool* ToolCatalogue::find(std::string_view name) const noexcept
{
    const auto at = std::ranges::lower_bound(tools_, name, {}, &Tool::name);
    return at != tools_.end() && at->name == name ? &*at : nullptr;
}

const nlohmann::json& ToolCatalogue::arguments_schema(const Tool& tool) const
{
    return *schemas_[static_cast<std::size_t>(&tool - tools_.data())];
}

Status ToolCatalogue::validate(const Tool& tool, const nlohmann::json& arguments) const
{
    return validate_against(arguments_schema(tool), arguments);
}

bool takes_idempotency_key(const Tool& tool)
{
    return tool.needs_target() && std::ranges::any_of(tool.rights, [](const Right& right) {
               return right.tier > Tier::observe;
           });
}

}  // namespace tailops::tools
