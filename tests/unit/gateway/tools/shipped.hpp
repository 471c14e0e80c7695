#pragma once

#include "gateway/tools/catalogue.hpp"

#include <nlohmann/json.hpp>

/// The tools of this program, by name.
namespace tailops::tools {

inline std::span<const Tool> all()
{
    return ToolCatalogue::shipped()->all();
}

inline const Tool* find(std::string_view name)
{
    return ToolCatalogue::shipped()->find(name);
}

inline Status validate_arguments(const Tool& tool, const nlohmann::json& arguments)
{
    return ToolCatalogue::shipped()->validate(tool, arguments);
}

/// What was made, as JSON to look at.
inline Result<nlohmann::json> told(Result<Content> content)
{
    if (!content) return fail(std::move(content).error());
    return **content;
}

}  // namespace tailops::tools
