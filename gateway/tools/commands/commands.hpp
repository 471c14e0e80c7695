#pragma once

#include "gateway/core/capability.hpp"
#include "gateway/core/yaml.hpp"
#include "targets/operation.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// What a command is about, as lists are asked for.
inline constexpr std::array<std::string_view, 7> command_categories = {
    "system", "disk", "network", "process", "service", "docker", "custom"};

/// A parameter of a catalogue command: text that must match `pattern` whole, or a number in a
/// range.
struct CommandParameter {
    std::string name;
    std::string description;
    enum class Type { name, path, integer, text };
    Type type{Type::name};
    std::string pattern;  // RE2, whole match; empty: the type's own
    std::vector<std::string> allowed_values;
    std::int64_t min{0}, max{0};  // integer
    std::size_t max_length{200};
    /// What a value names on the target, by one of several names. See tools::Naming.
    enum class Names { nothing, unit, container };
    Names names{Names::nothing};
    std::vector<std::string> asked_by{};  // the words that ask which one, before `show`, `inspect`
    std::string names_prefix{}, names_suffix{};  // that the template puts around the value

    /// `value` as it goes to the target: checked, and a path in canonical form. Errors:
    /// invalid_argument, naming the parameter, the rule and an example.
    Result<std::string> accept(std::string_view value) const;
};

std::string_view to_string(CommandParameter::Type) noexcept;

/// One entry of commands.yaml, compiled: `{param}` became an element of argv or a positional
/// parameter of a constant script, never text of the script.
struct CatalogueCommand {
    std::string name;
    std::string description;
    std::string category;  // system, disk, network, process, service, docker, custom
    Capability capability;
    Tier tier{Tier::observe};
    bool dangerous{false};              // tier is then at least control
    bool requires_confirmation{false};  // for policy rules: the parameter `requires_confirmation`
    std::vector<CommandParameter> parameters;
    std::string example;
    std::string line;             // the template as written, for people
    std::string trusted_because;  // not empty: who wrote it answers for its template

    /// The argv with `values` in place. Errors: invalid_argument, naming the parameter, the rule it
    /// broke and an example: unknown, missing, not matching, or beginning with "-".
    Result<targets::Command> bind(const nlohmann::json& values) const;

    using Values = std::map<std::string, std::string, std::less<>>;
    /// The checked values by parameter, as `bind` uses them. Errors: as `bind`.
    Result<Values> accept(const nlohmann::json& values) const;
    targets::Command bind(const Values& accepted) const;

    struct Piece {            // of one argv element
        std::string literal;  // or
        std::string parameter;
    };
    std::vector<std::vector<Piece>> argv;
};

/// The commands catalogue: what `list_commands` shows and `execute_command` runs. Immutable.
class CommandCatalogue {
public:
    const CatalogueCommand* find(std::string_view name) const;
    const std::vector<CatalogueCommand>& all() const noexcept { return commands_; }

    /// Reads commands.yaml in the format of the earlier system, and what we need beyond it (typed
    /// parameters, capability, tier). Everything wrong goes to `problems`.
    static CommandCatalogue read(std::string_view text, std::string_view file, yaml::Problems&);
    /// The 39 commands that ship with the gateway (deploy/commands.yaml, compiled in).
    static const CommandCatalogue& shipped();

private:
    std::vector<CatalogueCommand> commands_;  // as in the file
};

/// The text of deploy/commands.yaml.
std::string_view shipped_commands_text();

}  // namespace tailops::tools
