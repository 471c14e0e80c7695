#include "gateway/doors/mcp/wire/param_headers.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace tailops::mcp {
namespace {

using nlohmann::json;

constexpr std::string_view annotation = "x-mcp-header";
// A header value must hold an integer exactly, also in JavaScript: 2^53 - 1.
constexpr std::int64_t safe_integer_max = 9007199254740991;

bool is_token(std::string_view text) noexcept
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";  // tchar, RFC 9110 section 5.6.2
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::optional<ParamHeader::Type> type_of(const json& schema)
{
    const auto type = text_member(schema, "type");
    if (type == "string") return ParamHeader::Type::string;
    if (type == "integer") return ParamHeader::Type::integer;
    if (type == "boolean") return ParamHeader::Type::boolean;
    return std::nullopt;
}

/// Gathers annotations; those outside a pure chain of `properties` are errors.
class Collector {
public:
    Status visit(const json& schema, std::vector<std::string>& path, bool reachable)
    {
        if (schema.is_array()) {
            for (const auto& element : schema)
                if (auto ok = visit(element, path, false); !ok) return fail(std::move(ok).error());
            return {};
        }
        if (!schema.is_object()) return {};
        if (const auto* name = find_member(schema, annotation)) {
            if (auto ok = add(*name, schema, path, reachable && !path.empty()); !ok)
                return fail(std::move(ok).error());
        }
        for (auto at = schema.begin(); at != schema.end(); ++at) {
            if (at.key() == "properties" && at->is_object()) {
                if (auto ok = visit_properties(*at, path, reachable); !ok)
                    return fail(std::move(ok).error());
            } else if (!is_plain_data(at.key())) {
                if (auto ok = visit(*at, path, false); !ok) return fail(std::move(ok).error());
            }
        }
        return {};
    }

    std::vector<ParamHeader> found;

private:
    /// Keywords whose values are data, not schemas.
    static bool is_plain_data(std::string_view keyword)
    {
        return keyword == "const" || keyword == "enum" || keyword == "default" ||
               keyword == "examples";
    }

    Status visit_properties(const json& properties, std::vector<std::string>& path, bool reachable)
    {
        for (auto at = properties.begin(); at != properties.end(); ++at) {
            path.push_back(at.key());
            if (auto ok = visit(*at, path, reachable); !ok) return fail(std::move(ok).error());
            path.pop_back();
        }
        return {};
    }

    Status add(const json& name,
               const json& schema,
               const std::vector<std::string>& path,
               bool reachable)
    {
        const auto refuse = [](std::string why) {
            return fail(Errc::invalid_argument, "x-mcp-header " + std::move(why));
        };
        if (!name.is_string()) return refuse("must be a string");
        const auto& text = name.get_ref<const std::string&>();
        if (!is_token(text)) return refuse(quote(text) + " is not a header name");
        if (!reachable) return refuse(quote(text) + " must stand on a property of the root");
        const auto type = type_of(schema);
        if (!type) return refuse(quote(text) + " needs a string, an integer or a boolean");
        auto header = "Mcp-Param-" + text;
        for (const auto& other : found) {
            if (equal_ignoring_case(other.header, header))
                return refuse(quote(text) + " is used twice");
        }
        found.push_back({std::move(header), path, *type});
        return {};
    }
};

const json* value_at(const json& arguments, const std::vector<std::string>& path)
{
    const auto* value = &arguments;
    for (const auto& name : path) {
        value = find_member(*value, name);
        if (!value) return nullptr;
    }
    return value->is_null() ? nullptr : value;
}

/// `text` as an integer, if it is one by value: 42, -7, 42.0 (never 42.5, +1, 1e3, " 42").
std::optional<std::int64_t> integer_of(std::string_view text)
{
    const auto point = text.find('.');
    if (point != std::string_view::npos) {
        const auto fraction = text.substr(point + 1);
        if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos) {
            return std::nullopt;
        }
    }
    const auto whole = parse_int(text.substr(0, point), -safe_integer_max, safe_integer_max);
    return whole ? std::optional{*whole} : std::nullopt;
}

bool matches(std::string_view header, const json& value)
{
    if (value.is_string()) return header == value.get_ref<const std::string&>();
    if (value.is_boolean()) return header == (value.get_ref<const bool&>() ? "true" : "false");
    if (!value.is_number()) return false;
    const auto number = integer_of(header);
    // A JSON number may say 42.0 as well; 53 bits survive the way through double.
    return number && std::abs(value.get<double>()) <= static_cast<double>(safe_integer_max) &&
           value.get<double>() == static_cast<double>(*number);
}

}  // namespace

Result<std::vector<ParamHeader>> param_headers(const json& input_schema)
{
    Collector collector;
    std::vector<std::string> path;
    if (auto ok = collector.visit(input_schema, path, true); !ok)
        return fail(std::move(ok).error());
    return std::move(collector.found);
}

Status check_param_headers(const std::vector<ParamHeader>& expected,
                           const http::Headers& headers,
                           const json& arguments)
{
    for (const auto& one : expected) {
        const auto* value = value_at(arguments, one.path);
        if (!value) continue;
        const auto refuse = [&](std::string_view why) {
            return fail(Errc::invalid_argument, one.header + ' ' + std::string{why});
        };
        const auto sent = single_header(headers, one.header);
        switch (sent.state) {
        case SingleHeader::State::absent: return refuse("is missing");
        case SingleHeader::State::conflicting: return refuse("stands twice with different values");
        case SingleHeader::State::not_text: return refuse("holds bytes that a header may not hold");
        case SingleHeader::State::present: break;
        }
        const auto decoded = decode_header_value(sent.value);
        if (!decoded) return refuse("cannot be decoded: " + decoded.error().public_message());
        if (!matches(*decoded, *value)) return refuse("differs from the argument in the body");
    }
    return {};
}

}  // namespace tailops::mcp
