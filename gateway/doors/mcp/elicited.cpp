#include "gateway/doors/mcp/elicited.hpp"

#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

using nlohmann::json;

/// The values of `[{"const":"s","title":"Small"}]`.
json values_of(const json& titled)
{
    json values = json::array();
    for (const auto& choice : titled) {
        if (const auto* value = find_member(choice, "const")) values.push_back(*value);
    }
    return values;
}

/// One field with its titled choices as an enum, which is how our own schemas write them.
json plain(json field)
{
    if (!field.is_object()) return json::object();
    if (const auto* titled = find_member(field, "oneOf")) {
        auto values = values_of(*titled);
        field.erase("oneOf");
        field["enum"] = std::move(values);
    }
    const auto items = field.find("items");
    if (items == field.end()) return field;
    if (const auto* titled = find_member(*items, "anyOf")) {
        *items = json{{"type", "string"}, {"enum", values_of(*titled)}};
    }
    return field;
}

}  // namespace

Status check_elicited(const json& requested_schema, const json& result)
{
    if (text_member(result, "action") != "accept") return {};
    json flat{{"type", "object"}, {"properties", json::object()}};
    if (const auto* fields = find_member(requested_schema, "properties")) {
        for (const auto& [name, field] : fields->items()) flat["properties"][name] = plain(field);
    }
    if (const auto* required = find_member(requested_schema, "required")) {
        flat["required"] = *required;
    }
    const auto* content = find_member(result, "content");
    return tools::validate_against(flat, content ? *content : json(json::value_t::object));
}

}  // namespace tailops::mcp
