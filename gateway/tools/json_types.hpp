#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace tailops::tools {

/// Whether the value is of this type of JSON Schema. 10.0 is an integer there, and not to us:
/// readers of arguments want what JSON writes as one.
bool is_of_type(const nlohmann::json& value, std::string_view type);

/// "text", "a whole number", ...: a type of JSON Schema for people.
std::string type_in_words(std::string_view type);

}  // namespace tailops::tools
