#include "gateway/app/arguments.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

namespace tailops::app {
namespace {

using nlohmann::json;

Result<json> typed(std::string_view text, std::string_view type)
{
    if (type == "string" || type.empty()) return json(text);
    if (type == "array" && !text.starts_with('[')) {
        auto list = json::array();
        for (const auto item : split(text, ',')) list.push_back(item);
        return list;
    }
    return parse_json(text);
}

}  // namespace

Result<json> read_arguments(const std::vector<std::string>& words, const json& schema)
{
    auto out = json::object();
    const auto* properties = find_member(schema, "properties");
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Errc::invalid_argument, quote(word) + " is not key=value");
        }
        const auto key = word.substr(0, equals);
        const auto text = std::string_view{word}.substr(equals + 1);
        const auto* property = properties ? find_member(*properties, key) : nullptr;
        const auto dot = key.find('.');
        if (!property && dot != std::string::npos && properties) {
            const auto outer = key.substr(0, dot);
            const auto* object = find_member(*properties, outer);
            if (object && text_member(*object, "type") == "object") {
                if (!out[outer].is_object()) out[outer] = json::object();
                out[outer][key.substr(dot + 1)] = text;
                continue;
            }
        }
        const auto type = property ? text_member(*property, "type") : std::string_view{};
        auto value = typed(text, type);
        if (!value) {
            return fail(Errc::invalid_argument,
                        quote(key) + " must be of type " + std::string{type});
        }
        out[key] = *std::move(value);
    }
    return out;
}

}  // namespace tailops::app
