#include "gateway/tools/arguments.hpp"

#include "gateway/core/json.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools {

std::string text_or(const nlohmann::json& arguments, std::string_view name, std::string_view absent)
{
    const auto value = optional_field<std::string>(arguments, name);
    return value && *value ? **value : std::string{absent};
}

std::int64_t integer_or(const nlohmann::json& arguments, std::string_view name, std::int64_t absent)
{
    const auto value = optional_field<std::int64_t>(arguments, name);
    return value && *value ? **value : absent;
}

bool boolean_or(const nlohmann::json& arguments, std::string_view name, bool absent)
{
    const auto value = optional_field<bool>(arguments, name);
    return value && *value ? **value : absent;
}

nlohmann::json failure(std::string error)
{
    return {{"success", false}, {"error", std::move(error)}};
}

}  // namespace tailops::tools
