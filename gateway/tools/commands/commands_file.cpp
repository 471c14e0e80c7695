#include "gateway/core/text.hpp"
#include "gateway/tools/commands/command_rights.hpp"
#include "gateway/tools/commands/command_template.hpp"
#include "gateway/tools/commands/template_names.hpp"
#include "gateway/tools/tool.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using Type = CommandParameter::Type;
using Names = CommandParameter::Names;

constexpr std::size_t commands_max = 1000;

/// Whether the template shows a log: of the system, of a unit, of the kernel, of a container.
bool reads_a_log(std::string_view line)
{
    constexpr auto signs = std::to_array<std::string_view>(
        {"journalctl", "/var/log", "dmesg", "docker logs", "podman logs", "container logs"});
    return std::ranges::any_of(signs,
                               [&](std::string_view sign) { return line.find(sign) != line.npos; });
}

/// What a command needs when its file does not say: what a `readonly` scope grants, so that the
/// files of the earlier system keep working, and no less than the tool that reads the same things.
std::string_view usual_capability(const CatalogueCommand& command)
{
    const bool has_path = std::ranges::any_of(
        command.parameters, [](const auto& parameter) { return parameter.type == Type::path; });
    if (command.tier == Tier::observe) {
        if (reads_a_log(command.line)) return "logs:read";
        if (has_path) return "file:read";
    }
    const auto& category = command.category;
    if (category == "network") return "network:read";
    if (category == "docker") return "container:read";
    return "system:read";
}

/// A parameter with no more than a description: paths are named as such, the rest are names.
Type usual_type(std::string_view name)
{
    const auto lower = lower_ascii(name);
    for (const auto* hint : {"path", "dir", "file"}) {
        if (lower.find(hint) != lower.npos) return Type::path;
    }
    return Type::name;
}

bool is_command_name(std::string_view name)
{
    return !name.empty() && name.size() <= 50 && name.front() >= 'a' && name.front() <= 'z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

bool is_parameter_name(std::string_view name)
{
    return !name.empty() && name.size() <= 50 && !(name.front() >= '0' && name.front() <= '9') &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

void read_bounds(yaml::MapReader& reader, CommandParameter& parameter)
{
    // A value must not begin with "-", so numbers are not negative.
    constexpr std::int64_t number_max = 1'000'000'000;
    constexpr std::int64_t length_max = 4096;
    if (parameter.type != Type::integer) {
        for (const auto* key : {"min", "max"}) {
            if (reader.has(key)) reader.complain(quote(key) + " is for the type integer only");
        }
    }
    parameter.min = reader.integer("min", 0, number_max).value_or(0);
    parameter.max = reader.integer("max", 0, number_max).value_or(number_max);
    if (parameter.min > parameter.max) reader.complain("\"min\" is greater than \"max\"");
    const auto length = reader.integer("max_length", 1, length_max);
    parameter.max_length = static_cast<std::size_t>(length.value_or(200));
}

/// What the value names, where the template does not show it.
void read_names(yaml::MapReader& reader, CommandParameter& parameter)
{
    const auto names = reader.choice("names", {"unit", "container", "nothing"});
    if (!names) return;
    if (parameter.type == Type::integer && *names != "nothing") {
        return reader.complain(*reader.node("names"),
                               "an integer is not looked up as a " + *names +
                                   "; make the parameter type: name, or say names: nothing");
    }
    parameter.asked_by = {*names == "container" ? "docker" : "systemctl"};
    if (*names == "unit") parameter.names = Names::unit;
    if (*names == "container") parameter.names = Names::container;
}

void read_rules(yaml::MapReader& reader, CommandParameter& parameter)
{
    const auto choice = reader.choice("type", {"name", "path", "integer", "text"});
    for (const auto type : {Type::name, Type::path, Type::integer, Type::text}) {
        if (choice && *choice == to_string(type)) parameter.type = type;
    }
    read_names(reader, parameter);
    read_bounds(reader, parameter);
    parameter.pattern = reader.text("pattern").value_or("");
    const re2::RE2 pattern{parameter.pattern, re2::RE2::Quiet};
    if (!pattern.ok()) reader.complain("\"pattern\" is no regular expression: " + pattern.error());
    const auto values = reader.restricting_texts("allowed_values");
    auto unchecked = parameter;  // without the list that is being made
    for (const auto& value : values) {
        const auto accepted = unchecked.accept(value);
        if (!accepted) {
            reader.complain(
                "the allowed value " + quote(value) +
                " breaks the parameter's own rules: " + accepted.error().public_message());
        } else {
            parameter.allowed_values.push_back(*accepted);
        }
    }
}

CommandParameter read_parameter(const std::string& name,
                                const yaml::Node& node,
                                yaml::Problems& problems)
{
    CommandParameter parameter{.name = name, .type = usual_type(name)};
    parameter.max = 1'000'000'000;
    if (!is_parameter_name(name)) {
        problems.add(
            node.file(), node.place(),
            "the parameter name " + quote(name) + " must consist of letters, digits and _");
    }
    if (node.kind() == yaml::Node::Kind::scalar) {
        parameter.description = node.text();
        return parameter;
    }
    yaml::MapReader reader{node, problems, "parameter " + quote(name)};
    parameter.description = reader.text("description").value_or("");
    read_rules(reader, parameter);
    reader.finish();
    return parameter;
}

void read_right(yaml::MapReader& reader, CatalogueCommand& command)
{
    const auto tier = reader.choice("tier", {"observe", "control", "admin"});
    command.tier = command.dangerous ? Tier::control : Tier::observe;
    if (tier) command.tier = parse_tier(*tier).value_or(Tier::admin);
    const auto at = [&](std::string_view key) { return reader.node(key).value_or(reader.map()); };
    if (command.dangerous && command.tier == Tier::observe) {
        reader.complain(at("tier"), "a dangerous command has at least the tier control");
    }
    const auto text = reader.text("capability").value_or(std::string{usual_capability(command)});
    const auto capability = parse_capability(text);
    if (!capability) return reader.complain(at("capability"), capability.error().public_message());
    command.capability = *capability;
    const Right right{*capability, command.tier};
    if (std::ranges::find(command_rights(), right) == command_rights().end()) {
        reader.complain(at("capability"), "execute_command does not exercise " + quote(text) +
                                              " at the tier " +
                                              std::string{to_string(command.tier)} +
                                              "; docs/commands.md lists what it does");
    }
}

/// What the parameters name, as their programs show it or the file says it.
std::optional<TemplateProblem> note_naming(CatalogueCommand& command,
                                           const CompiledTemplate& compiled)
{
    auto names = names_in(compiled, command.parameters);
    if (!names) return names.error();
    for (auto& parameter : command.parameters) {
        auto use = names->contains(parameter.name) ? std::move(names->find(parameter.name)->second)
                                                   : NamingUse{};
        parameter.names = use.names;
        parameter.asked_by = std::move(use.asked_by);
        parameter.names_prefix = std::move(use.prefix);
        parameter.names_suffix = std::move(use.suffix);
    }
    return std::nullopt;
}

/// Whether the entry answers for its template itself. A reason is a must, for those who come after.
Trust read_trust(yaml::MapReader& reader, CatalogueCommand& command)
{
    const bool is_trusted = reader.boolean("trusted").value_or(false);
    const bool has_reason = reader.has("reason");
    command.trusted_because = reader.text("reason").value_or("");
    if (is_trusted && trim(std::string_view{command.trusted_because}).empty()) {
        reader.complain(*reader.node("trusted"),
                        "a trusted command needs a \"reason\": what keeps its values harmless");
    } else if (!is_trusted && has_reason) {
        reader.complain(*reader.node("reason"), "\"reason\" is for commands with trusted: true");
    } else if (is_trusted) {
        const auto node = reader.node("trusted").value_or(reader.map());
        reader.problems().notice(node.file(), node.place(),
                                 "the command " + quote(command.name) +
                                     " is trusted with its values: " + command.trusted_because);
    }
    return is_trusted ? Trust::given : Trust::none;
}

void complain_of(const TemplateProblem& problem, const yaml::Node& node, yaml::MapReader& reader)
{
    auto place = node.place();
    // In a quoted or folded scalar the columns of the file are not those of the text.
    if (node.is_plain()) place.column += static_cast<int>(problem.offset);
    auto text = problem.text;
    if (problem.can_be_trusted) {
        text +=
            "; write it otherwise, or say trusted: true and why in \"reason\" if no value can do "
            "harm there";
    }
    reader.problems().add(node.file(), place, std::move(text));
}

void read_template(yaml::MapReader& reader, CatalogueCommand& command)
{
    const auto trust = read_trust(reader, command);
    command.line = reader.required_text("command_template");
    const auto node = reader.node("command_template");
    if (!node || command.line.empty()) return;
    auto compiled = compile_template(command.line, command.parameters, trust);
    if (!compiled) return complain_of(compiled.error(), *node, reader);
    command.argv = std::move(compiled->argv);
    if (const auto problem = note_naming(command, *compiled)) complain_of(*problem, *node, reader);
    for (const auto& parameter : command.parameters) {
        if (!compiled->used.contains(parameter.name)) {
            reader.complain(*node, "the parameter " + quote(parameter.name) +
                                       " is declared and does not stand in the template");
        }
    }
}

CatalogueCommand read_command(const yaml::Node& node, yaml::Problems& problems)
{
    const auto& entries = node.entries();
    const auto named = std::ranges::find(entries, "name", &yaml::Node::Entry::key);
    const auto title =
        named == entries.end() ? std::string{} : ' ' + quote(yaml::Node{named->value}.text());
    yaml::MapReader reader{node, problems, "command" + title};
    CatalogueCommand command;
    command.name = reader.required_text("name");
    if (!command.name.empty() && !is_command_name(command.name)) {
        reader.complain(*reader.node("name"), "the name " + quote(command.name) +
                                                  " must match ^[a-z][a-z0-9_]*$ (at most 50)");
    }
    command.description = reader.required_text("description");
    if (command.description.size() > 500)
        reader.complain("\"description\" has more than 500 bytes");
    command.category = reader
                           .choice("category", {"system", "disk", "network", "process", "service",
                                                "docker", "custom"})
                           .value_or("custom");
    command.dangerous = reader.boolean("dangerous").value_or(false);
    command.requires_confirmation = reader.boolean("requires_confirmation").value_or(false);
    command.example = reader.text("example_usage").value_or("");
    if (const auto parameters = reader.node("parameters")) {
        for (const auto& entry : parameters->entries()) {
            command.parameters.push_back(
                read_parameter(entry.key, yaml::Node{entry.value}, problems));
        }
        const auto kind = parameters->kind();
        if (kind != yaml::Node::Kind::map && kind != yaml::Node::Kind::null) {
            reader.complain(*parameters, "\"parameters\" must map names to descriptions");
        }
    }
    read_template(reader, command);
    read_right(reader, command);
    reader.finish();
    return command;
}

}  // namespace

CommandCatalogue CommandCatalogue::read(std::string_view text,
                                        std::string_view file,
                                        yaml::Problems& problems)
{
    CommandCatalogue out;
    yaml::MapReader reader{yaml::parse(text, file, problems), problems, "the commands file"};
    if (const auto list = reader.node("commands")) {
        const auto items = list->items();
        if (list->kind() != yaml::Node::Kind::list && list->kind() != yaml::Node::Kind::null) {
            reader.complain(*list, "\"commands\" must be a list");
        }
        if (items.size() > commands_max) {
            reader.complain(*list, "more than " + std::to_string(commands_max) + " commands");
            return out;
        }
        for (const auto& item : items) {
            auto command = read_command(item, problems);
            if (!command.name.empty() && out.find(command.name)) {
                problems.add(item.file(), item.place(),
                             "the command " + quote(command.name) + " stands twice");
                continue;
            }
            out.commands_.push_back(std::move(command));
        }
    } else if (problems.empty()) {
        reader.complain("\"commands\" is missing: the list of commands");
    }
    reader.finish();
    return out;
}

}  // namespace tailops::tools
