#include "gateway/core/json.hpp"
#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/commands/command_naming.hpp"
#include "gateway/tools/commands/command_rights.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/policy_words.hpp"
#include "gateway/tools/shown_output.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>

namespace tailops::tools {
namespace {

using kit::Fields;
using targets::ExecutionResult;

constexpr std::array<std::string_view, 2> value_types = {"string", "integer"};
constexpr kit::Rules value_rules{.types = value_types};

struct CommandWanted {
    std::string command_name{};
    std::map<std::string, kit::Json> parameters{};

    static void fields(Fields& f, CommandWanted& s)
    {
        f("command_name", s.command_name, "A command of the catalogue, as list_commands gives it",
          {.required = true,
           .shortest = 1,
           .longest = 50,
           .pattern = "^[a-z][a-z0-9_]*$",
           .example = "disk_usage"});
        f("parameters", s.parameters, "Its parameters by name; none may begin with \"-\"",
          {.example = R"({"path": "/var/log"})", .of_items = &value_rules});
    }
};

struct CommandAnswer {
    bool success{};
    std::string command{};
    std::int64_t exit_code{};
    std::optional<std::string> signal{};
    TextOutput output{};
    std::optional<std::string> error{}, error_tail{};
    std::optional<std::uint64_t> stderr_bytes{}, stderr_lines{};
    std::optional<std::string> read_more_stderr{};
    std::int64_t elapsed_ms{};

    static void fields(Fields& f, CommandAnswer& s)
    {
        f("success", s.success, "Whether it exited 0");
        f("command", s.command, "Its name in the catalogue");
        f("exit_code", s.exit_code, "-1 when a signal ended it");
        f("signal", s.signal);
        text_fields(
            f, s.output,
            {.name = "output",
             .text = "What it printed, also when it failed; its beginning when that was too long",
             .tail = "The end of what it printed, when that was too long",
             .bytes = "What it printed, all of it",
             .read_more = "The resource that holds all it printed, in pages; `next` of one names "
                          "the one that follows"});
        f("error", s.error,
          "What it printed to its standard error; its beginning when that was too long");
        f("error_tail", s.error_tail);
        f("stderr_bytes", s.stderr_bytes);
        f("stderr_lines", s.stderr_lines);
        f("read_more_stderr", s.read_more_stderr, "The same of its standard error");
        f("elapsed_ms", s.elapsed_ms);
    }
};

CommandAnswer answer_of(const ExecutionResult& result, const std::string& name)
{
    CommandAnswer out{.success = result.status == 0 && result.signal.empty(),
                      .command = name,
                      .exit_code = result.status,
                      .output = text_output(result),
                      .elapsed_ms = result.elapsed.count()};
    if (!result.signal.empty()) out.signal = result.signal;
    const auto diagnostics = shown_output(result, targets::OutputStream::diagnostics);
    const auto error = trim(diagnostics.head);
    if (!error.empty()) out.error = safe_text(error);
    if (!diagnostics.tail.empty()) {
        out.error_tail = safe_text(diagnostics.tail);
        out.stderr_bytes = result.diagnostics_bytes;
        out.stderr_lines = result.diagnostics_lines;
    }
    return out;
}

policy::Parameters policy_view(const CatalogueCommand& command,
                               const CatalogueCommand::Values& values)
{
    auto out = parameters_of(command);
    for (const auto& parameter : command.parameters) {
        const auto value = values.find(parameter.name);
        if (value == values.end()) continue;
        auto& entry = out["parameters." + parameter.name];
        entry = value->second;
        if (parameter.type != CommandParameter::Type::integer) continue;
        if (const auto number = parse_int(value->second)) entry = *number;
    }
    return out;
}

/// Errors: not_found, with the name that may have been meant.
Result<const CatalogueCommand*> find_command(const PlanContext& context, const std::string& name)
{
    const auto& catalogue = context.commands ? *context.commands : CommandCatalogue::shipped();
    if (const auto* command = catalogue.find(name)) return command;
    std::vector<std::string_view> names;
    for (const auto& known : catalogue.all()) names.push_back(known.name);
    return fail(Errc::not_found, "there is no command " + quote(name) +
                                     " for you; list_commands tells which there are" +
                                     did_you_mean(name, names));
}

Result<kit::PlanOf<CommandAnswer>> plan(const CommandWanted& wanted, const PlanContext& context)
{
    TAILOPS_TRY(const auto* const command, find_command(context, wanted.command_name));
    auto given = nlohmann::json::object();
    for (const auto& [name, value] : wanted.parameters) given[name] = *value;
    TAILOPS_TRY(const auto values, command->accept(given));
    return {{.operation = command->bind(values),
             .read = [name = wanted.command_name](const ExecutionResult& result)
                 -> Result<CommandAnswer> { return answer_of(result, name); },
             .right = Right{command->capability, command->tier},
             .parameters = policy_view(*command, values),
             .namings = namings_of(*command, values),
             .rest = Plan::Rest::kept}};
}

}  // namespace

Tool execute_command()
{
    return kit::ToolOf<CommandWanted, CommandAnswer>{
        {.name = "execute_command",
         .title = "Run a catalogue command",
         .summary = "Runs one of the commands that list_commands shows, with typed parameters. "
                    "There is no free-form shell here.",
         .rights = command_rights(),
         .annotations =
             {.read_only = false, .destructive = true, .idempotent = false, .open_world = false}}}
        .plans(plan);
}

}  // namespace tailops::tools
