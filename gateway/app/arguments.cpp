#include "gateway/app/arguments.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <set>

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

std::unexpected<Error> said_twice(const std::string& key)
{
    return fail(Errc::invalid_argument, quote(key) + " is given twice; give it once");
}

std::unexpected<Error> said_in_two_ways(const std::string& object)
{
    return fail(Errc::invalid_argument,
                quote(object) + " is given as a whole and in parts; give all of it as " + object +
                    "=JSON, or each member as " + object + ".NAME=value");
}

}  // namespace

Result<std::vector<std::string>> with_target(std::vector<std::string> words,
                                             const std::string& target)
{
    if (target.empty()) return words;
    for (const auto& word : words) {
        if (!word.starts_with("target=")) continue;
        return fail(Errc::invalid_argument,
                    quote(word) + " names a target, and so does --target; leave one of them out");
    }
    words.push_back("target=" + target);
    return words;
}

Result<json> read_arguments(const std::vector<std::string>& words, const json& schema)
{
    auto out = json::object();
    std::set<std::string> in_parts;  // the objects among them that are given member by member
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
                const auto member = key.substr(dot + 1);
                if (in_parts.insert(outer).second) {
                    if (out.contains(outer)) return said_in_two_ways(outer);
                    out[outer] = json::object();
                }
                if (out[outer].contains(member)) return said_twice(key);
                out[outer][member] = text;
                continue;
            }
        }
        if (in_parts.contains(key)) return said_in_two_ways(key);
        if (out.contains(key)) return said_twice(key);
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
