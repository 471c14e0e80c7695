#include "gateway/tools/json_types.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools {

bool is_of_type(const nlohmann::json& value, std::string_view type)
{
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    return type == "null" && value.is_null();
}

std::string type_in_words(std::string_view type)
{
    if (type == "string") return "text";
    if (type == "integer") return "a whole number";
    if (type == "number") return "a number";
    if (type == "boolean") return "true or false";
    if (type == "object") return "an object";
    return type == "array" ? "a list" : "null";
}

}  // namespace tailops::tools
