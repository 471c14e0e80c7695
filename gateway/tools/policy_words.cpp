#include "gateway/tools/policy_words.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/http/method_rights.hpp"
#include "gateway/tools/path.hpp"
#include "targets/http/api_path.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <type_traits>

namespace tailops::tools {
namespace {

using nlohmann::json;
using policy::ParameterShape;
using policy::ToolForm;
using Kind = ParameterShape::Kind;

json as_json(const policy::Value& value)
{
    return std::visit(
        [](const auto& held) -> json {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, double>) {
                // 5.0 in a rule is the argument 5.
                const auto whole = static_cast<std::int64_t>(held);
                if (static_cast<double>(whole) == held) return whole;
            }
            return held;
        },
        value);
}

std::optional<Kind> kind_of(std::string_view type)
{
    if (type == "string") return Kind::text;
    if (type == "integer") return Kind::whole;
    if (type == "number") return Kind::number;
    if (type == "boolean") return Kind::boolean;
    if (type == "array") return Kind::list;
    return std::nullopt;
}

std::optional<double> number_member(const json& schema, std::string_view name)
{
    const auto value = optional_field<double>(schema, name);
    return value ? *value : std::nullopt;
}

/// Reads what the schema says of one property; the schema itself decides on single values.
ParameterShape shape_of(const std::string& name, const json& schema, bool is_required)
{
    ParameterShape out;
    if (const auto kind = kind_of(text_member(schema, "type"))) out.kinds = {*kind};
    if (const auto* choices = find_member(schema, "enum")) {
        for (const auto& choice : *choices) {
            if (choice.is_string()) out.choices.push_back(choice.get<std::string>());
        }
    }
    out.min = number_member(schema, "minimum");
    out.max = number_member(schema, "maximum");
    const auto* length =
        find_member(schema, out.kinds.contains(Kind::list) ? "minItems" : "minLength");
    if (length) out.length_min = length->get<std::size_t>();
    out.may_be_absent = !is_required && !find_member(schema, "default");
    out.accept = [name, whole = json{{"properties", {{name, schema}}}}](
                     const policy::Value& value) -> Status {
        return validate_against(whole, json{{name, as_json(value)}});
    };
    return out;
}

/// Plans take paths in canonical form only, or bring them into it.
Status check_path(std::string_view tool, const policy::Value& value)
{
    const auto* path = std::get_if<std::string>(&value);
    if (!path) return {};  // the schema says so
    if (tool == "http_request") return targets::check_canonical_path(*path);
    const auto canonical = canonical_path(*path);
    if (!canonical) return fail(canonical.error());
    if (*canonical == *path) return {};
    return fail(Errc::invalid_argument, "\"path\" comes as " + quote(*canonical));
}

/// The parameters that every plan of the tool fills in from its schema.
std::map<std::string, ParameterShape, std::less<>> shapes_of(const Tool& tool)
{
    std::map<std::string, ParameterShape, std::less<>> out;
    const auto schema = parse_json(tool.input_schema);
    const auto* properties = schema ? find_member(*schema, "properties") : nullptr;
    if (!properties) return out;
    const auto required = optional_field<std::vector<std::string>>(*schema, "required");
    for (const auto& [name, property] : properties->items()) {
        // Objects, and what may be one, are free-form: rules do not look at them.
        if (!kind_of(text_member(property, "type"))) continue;
        const bool is_required =
            required && *required && std::ranges::find(**required, name) != (*required)->end();
        auto shape = shape_of(name, property, is_required);
        if (name == "path") {
            shape.accept = [tool = tool.name,
                            fits = std::move(shape.accept)](const policy::Value& value) -> Status {
                if (auto ok = fits(value); !ok) return ok;
                return check_path(tool, value);
            };
        }
        out.emplace(name, std::move(shape));
    }
    return out;
}

ToolForm form_of(const Right& right)
{
    ToolForm out;
    out.capability = right.capability;
    out.tier = right.tier;
    return out;
}

/// A text that is `value` in every call of the form.
ParameterShape always(const std::string& name, const std::string& value)
{
    return shape_of(name, json{{"type", "string"}, {"enum", {value}}}, true);
}

/// Any category there can be: a rule about one that no command has today is for later ones.
ParameterShape any_category()
{
    return shape_of("category", json{{"type", "string"}, {"enum", command_categories}}, true);
}

ParameterShape shape_of(const CommandParameter& parameter)
{
    ParameterShape out;
    const bool is_number = parameter.type == CommandParameter::Type::integer;
    out.kinds = {is_number ? Kind::whole : Kind::text};
    out.length_min = 1;
    if (is_number) {
        out.length_min = 0;
        out.min = static_cast<double>(parameter.min);
        out.max = static_cast<double>(parameter.max);
    } else {
        out.choices = parameter.allowed_values;
    }
    out.accept = [parameter, is_number](const policy::Value& value) -> Status {
        const auto* number = std::get_if<std::int64_t>(&value);
        const auto* text = std::get_if<std::string>(&value);
        if (is_number ? !number : !text) {
            return fail(Errc::invalid_argument, quote("parameters." + parameter.name) + " is " +
                                                    (is_number ? "a whole number" : "text"));
        }
        const auto word = is_number ? std::to_string(*number) : *text;
        const auto accepted = parameter.accept(word);
        if (!accepted) return fail(accepted.error());
        if (*accepted == word) return {};
        return fail(Errc::invalid_argument,
                    quote("parameters." + parameter.name) + " comes as " + quote(*accepted));
    };
    return out;
}

ToolForm form_of(const CatalogueCommand& command)
{
    ToolForm out;
    out.capability = command.capability;
    out.tier = command.tier;
    const auto& name = command.name;
    out.parameters.emplace("command_name", always("command_name", name));
    out.parameters.emplace("category", any_category());
    out.parameters.emplace("requires_confirmation",
                           shape_of("requires_confirmation", json{{"type", "boolean"}}, true));
    for (const auto& parameter : command.parameters) {
        out.parameters.emplace("parameters." + parameter.name, shape_of(parameter));
    }
    return out;
}

/// One form per right, each with the methods that need it.
std::vector<ToolForm> http_forms(const Tool& tool)
{
    std::vector<ToolForm> out;
    const auto shapes = shapes_of(tool);
    const auto method = shapes.find("method");
    for (const auto& right : tool.rights) {
        auto form = form_of(right);
        form.parameters = shapes;
        if (method != shapes.end()) {
            auto& choices = form.parameters["method"].choices;
            std::erase_if(choices, [&](const std::string& choice) {
                return right_of_method(choice).capability != right.capability;
            });
        }
        out.push_back(std::move(form));
    }
    return out;
}

/// The kinds of targets that have the facet.
std::set<std::string> kinds_with(targets::Facet facet)
{
    using targets::Kind;
    std::set<std::string> out;
    for (const auto kind : {Kind::local, Kind::ssh, Kind::docker, Kind::http}) {
        if (targets::has_facet(to_string(kind), facet)) out.emplace(to_string(kind));
    }
    return out;
}

}  // namespace

std::vector<ToolForm> policy_forms(const Tool& tool, const CommandCatalogue& commands)
{
    std::vector<ToolForm> out;
    if (tool.name == "execute_command") {
        for (const auto& command : commands.all()) out.push_back(form_of(command));
    } else if (tool.name == "http_request") {
        out = http_forms(tool);
    } else {
        for (const auto& right : tool.rights) {
            auto form = form_of(right);
            if (tool.needs_target()) {
                form.parameters = shapes_of(tool);
            } else {
                form.about = ToolForm::About::gateway;
            }
            out.push_back(std::move(form));
        }
    }
    if (!tool.needs_target()) return out;
    for (auto& form : out) form.kinds = kinds_with(tool.facet);
    return out;
}

policy::Parameters parameters_of(const CatalogueCommand& command)
{
    return {{"command_name", command.name},
            {"category", command.category},
            {"requires_confirmation", command.requires_confirmation}};
}

std::vector<std::string> own_parameters_of(const CatalogueCommand& command)
{
    std::vector<std::string> out;
    for (const auto& parameter : command.parameters) out.push_back("parameters." + parameter.name);
    return out;
}

std::vector<Need> needs_of(const Tool& tool, const CommandCatalogue& commands)
{
    std::set<std::pair<Capability, Tier>> needs;
    if (tool.name == "execute_command") {
        for (const auto& command : commands.all()) needs.emplace(command.capability, command.tier);
    } else {
        for (const auto& right : tool.rights) needs.emplace(right.capability, right.tier);
    }
    std::vector<Need> out;
    for (const auto& [capability, tier] : needs) out.push_back({capability, tier});
    return out;
}

policy::Vocabulary policy_vocabulary(std::span<const targets::TargetSpec> targets,
                                     const CommandCatalogue& commands,
                                     const ToolCatalogue& tools)
{
    policy::Vocabulary out;
    for (const auto& tool : tools.all()) out.tools.emplace(tool.name, policy_forms(tool, commands));
    auto& gateway = out.targets[gateway_target.str()];
    gateway.id = gateway_target;
    gateway.offers = {gateway_read()};
    for (const auto& target : targets) out.targets[target.facts.id.str()] = target.facts;
    return out;
}

}  // namespace tailops::tools
