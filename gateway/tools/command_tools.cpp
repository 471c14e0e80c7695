#include "gateway/core/json.hpp"
#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/arguments.hpp"
#include "gateway/tools/command_naming.hpp"
#include "gateway/tools/families.hpp"
#include "gateway/tools/policy_words.hpp"
#include "gateway/tools/shown_output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using nlohmann::json;

constexpr std::string_view input = R"json({
  "type": "object",
  "properties": {
    "command_name": {"type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[a-z][a-z0-9_]*$",
                     "description": "A command of the catalogue, as list_commands gives it", "examples": ["disk_usage"]},
    "parameters": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}, "default": {},
                   "description": "Its parameters by name; none may begin with \"-\"",
                   "examples": [{"path": "/var/log"}]}
  },
  "required": ["command_name"],
  "additionalProperties": false
})json";

constexpr std::string_view output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean", "description": "Whether it exited 0"},
    "command": {"type": "string", "description": "Its name in the catalogue"},
    "output": {"type": "string", "description": "What it printed, also when it failed; its beginning when that was too long"},
    "output_tail": {"type": "string", "description": "The end of what it printed, when that was too long"},
    "exit_code": {"type": "integer", "description": "-1 when a signal ended it"},
    "signal": {"type": "string"},
    "error": {"type": "string", "description": "What it printed to its standard error; its beginning when that was too long"},
    "error_tail": {"type": "string"},
    "truncated": {"type": "boolean", "description": "Something is left out here"},
    "stdout_bytes": {"type": "integer", "description": "What it printed, all of it"},
    "stdout_lines": {"type": "integer"},
    "stderr_bytes": {"type": "integer"},
    "stderr_lines": {"type": "integer"},
    "run_id": {"type": "string", "description": "For read_output, when something is left out"},
    "read_more": {"type": "string", "description": "The resource that holds all it printed, in pages; `next` of one names the one that follows"},
    "read_more_stderr": {"type": "string", "description": "The same of its standard error"},
    "not_kept": {"type": "string", "description": "Why that lacks the end"},
    "elapsed_ms": {"type": "integer"}
  }
})json";

/// Capabilities that read, at every tier: a dangerous command of the earlier system has no other.
constexpr std::array reading = {
    Capability{"container", "read"}, Capability{"database", "read"}, Capability{"file", "read"},
    Capability{"logs", "read"},      Capability{"metrics", "read"},  Capability{"network", "diag"},
    Capability{"network", "read"},   Capability{"package", "read"},  Capability{"security", "read"},
    Capability{"service", "read"},   Capability{"system", "read"}};
/// Capabilities that change something: never at tier observe.
constexpr std::array changing = {
    Capability{"backup", "write"},    Capability{"cache", "write"},
    Capability{"container", "admin"}, Capability{"container", "control"},
    Capability{"container", "write"}, Capability{"file", "write"},
    Capability{"network", "control"}, Capability{"network", "write"},
    Capability{"package", "install"}, Capability{"service", "control"},
    Capability{"system", "admin"},    Capability{"system", "control"},
    Capability{"system", "write"}};

constexpr auto rights = [] {
    std::array<Right, reading.size() * 3 + changing.size() * 2> out{};
    std::size_t at = 0;
    for (const auto capability : reading) {
        for (const auto tier : {Tier::observe, Tier::control, Tier::admin}) {
            out[at++] = {capability, tier};
        }
    }
    for (const auto capability : changing) {
        for (const auto tier : {Tier::control, Tier::admin}) out[at++] = {capability, tier};
    }
    return out;
}();

Result<json> present(const targets::ExecutionResult& result, const std::string& name)
{
    const bool success = result.status == 0 && result.signal.empty();
    json out{{"success", success},
             {"command", name},
             {"exit_code", result.status},
             {"elapsed_ms", result.elapsed.count()}};
    if (!result.signal.empty()) out["signal"] = result.signal;
    add_output(out, "output", result);
    const auto diagnostics = shown_output(result, targets::OutputStream::diagnostics);
    const auto error = trim(diagnostics.head);
    if (!error.empty()) out["error"] = safe_text(error);
    if (!diagnostics.tail.empty()) {
        out["error_tail"] = safe_text(diagnostics.tail);
        out["stderr_bytes"] = result.diagnostics_bytes;
        out["stderr_lines"] = result.diagnostics_lines;
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

Result<Plan> plan(const json& arguments, const PlanContext& context)
{
    static const json none = json::object();
    const auto& catalogue = context.commands ? *context.commands : CommandCatalogue::shipped();
    TAILOPS_TRY(const auto name, field<std::string>(arguments, "command_name"));
    const auto* command = catalogue.find(name);
    if (!command) {
        std::vector<std::string_view> names;
        for (const auto& known : catalogue.all()) names.push_back(known.name);
        return fail(Errc::not_found, "there is no command " + quote(name) +
                                         " for you; list_commands tells which there are" +
                                         did_you_mean(name, names));
    }
    const auto* given = find_member(arguments, "parameters");
    TAILOPS_TRY(const auto values, command->accept(given ? *given : none));
    return Plan{.right = {command->capability, command->tier},
                .operation = command->bind(values),
                .parameters = policy_view(*command, values),
                .namings = namings_of(*command, values),
                .present = as_content([name](const targets::ExecutionResult& result) {
                    return present(result, name);
                }),
                .rest = Plan::Rest::kept};
}

}  // namespace

bool takes_right(const Right& right)
{
    return std::ranges::find(rights, right) != rights.end();
}

std::vector<Tool> command_tools()
{
    return {
        Tool{.name = "execute_command",
             .title = "Run a catalogue command",
             .summary = "Runs one of the commands that list_commands shows, with typed parameters. "
                        "There is no free-form shell here.",
             .input_schema = std::string{input},
             .output_schema = std::string{output},
             .rights = {rights.begin(), rights.end()},
             .annotations = {.read_only = false,
                             .destructive = true,
                             .idempotent = false,
                             .open_world = false},
             .plan = plan},
    };
}

}  // namespace tailops::tools
