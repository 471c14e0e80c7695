#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/texts.hpp"

#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;

constexpr std::array<std::string_view, 3> tier_words = {"observe", "control", "admin"};
constexpr std::array<std::string_view, 4> type_words = {"name", "path", "integer", "text"};

struct CommandsWanted {
    std::optional<std::string> category{};

    static void fields(Fields& f, CommandsWanted& s)
    {
        f("category", s.category, "Only commands of this category", {.one_of = command_categories});
    }
};

struct ListedParameter {
    std::optional<std::string> description{};
    std::string type{};
    std::optional<std::string> pattern{};
    std::optional<Texts> allowed_values{};
    std::optional<std::int64_t> min{}, max{}, max_length{};

    static void fields(Fields& f, ListedParameter& s)
    {
        f("description", s.description);
        f("type", s.type, {}, {.one_of = type_words});
        f("pattern", s.pattern);
        f("allowed_values", s.allowed_values);
        f("min", s.min);
        f("max", s.max);
        f("max_length", s.max_length);
    }
};

struct ListedCommand {
    std::string name{}, description{}, category{};
    std::optional<std::string> command{};
    std::string capability{}, tier{};
    std::optional<bool> dangerous{}, requires_confirmation{};
    std::optional<std::map<std::string, ListedParameter>> parameters{};
    std::optional<std::string> example{};

    static void fields(Fields& f, ListedCommand& s)
    {
        f("name", s.name, "What execute_command takes as command_name");
        f("description", s.description);
        f("category", s.category);
        f("command", s.command, "The template");
        f("capability", s.capability);
        f("tier", s.tier, {}, {.one_of = tier_words});
        f("dangerous", s.dangerous);
        f("requires_confirmation", s.requires_confirmation);
        f("parameters", s.parameters, "By name; all of them are needed");
        f("example", s.example);
    }
};

struct CommandList {
    std::int64_t count{};
    std::vector<ListedCommand> commands{};

    static void fields(Fields& f, CommandList& s)
    {
        f("count", s.count);
        f("commands", s.commands);
    }
};

ListedParameter shown(const CommandParameter& parameter)
{
    ListedParameter out{.type = std::string{to_string(parameter.type)}};
    if (!parameter.description.empty()) out.description = parameter.description;
    if (!parameter.pattern.empty()) out.pattern = parameter.pattern;
    if (!parameter.allowed_values.empty()) out.allowed_values = parameter.allowed_values;
    if (parameter.type == CommandParameter::Type::integer) {
        out.min = parameter.min;
        out.max = parameter.max;
    } else {
        out.max_length = static_cast<std::int64_t>(parameter.max_length);
    }
    return out;
}

ListedCommand shown(const CatalogueCommand& command)
{
    ListedCommand out{.name = command.name,
                      .description = command.description,
                      .category = command.category,
                      .command = command.line,
                      .capability = command.capability.text(),
                      .tier = std::string{to_string(command.tier)}};
    if (command.dangerous) out.dangerous = true;
    if (command.requires_confirmation) out.requires_confirmation = true;
    if (!command.example.empty()) out.example = command.example;
    for (const auto& parameter : command.parameters) {
        if (!out.parameters) out.parameters.emplace();
        out.parameters->emplace(parameter.name, shown(parameter));
    }
    return out;
}

Result<CommandList> answer_commands(const CommandsWanted& wanted, const GatewayView& view)
{
    CommandList out;
    for (const auto* command : view.commands()) {
        if (wanted.category && command->category != *wanted.category) continue;
        out.commands.push_back(shown(*command));
    }
    out.count = std::ssize(out.commands);
    return out;
}

}  // namespace

Tool list_commands()
{
    return kit::ToolOf<CommandsWanted, CommandList>{
        {.name = "list_commands",
         .title = "Commands catalogue",
         .summary = "The commands you may run with execute_command, with their parameters.",
         .rights = {{{"gateway", "read"}, Tier::observe}},
         .has_long_lists = true}}
        .answers(answer_commands);
}

}  // namespace tailops::tools
