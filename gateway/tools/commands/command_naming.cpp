#include "gateway/tools/commands/command_naming.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;
using targets::ExecutionResult;

/// "ssh" for "ssh.service"; empty for a unit of another type.
std::string short_name(std::string_view unit)
{
    constexpr std::string_view suffix = ".service";
    if (!unit.ends_with(suffix) || unit.size() == suffix.size()) return {};
    return std::string{unit.substr(0, unit.size() - suffix.size())};
}

void add_with_short_name(std::vector<std::string>& names, std::string_view unit)
{
    names.emplace_back(unit);
    if (auto shorter = short_name(unit); !shorter.empty()) names.push_back(std::move(shorter));
}

/// The unit that "ID=..." and "Names=..." tell of, under every name it goes by.
Result<std::optional<Named>> read_unit(const ExecutionResult& result, const std::string& word)
{
    const auto unclear = [&](std::string_view why) {
        return fail(Errc::invalid_argument,
                    "which unit is meant by " + quote(word) + " is not clear: " + std::string{why});
    };
    // systemctl takes these for units that match, and for jobs or processes.
    if (word.find_first_of("*?[") != std::string::npos) return unclear("name one, not a pattern");
    if (parse_int(word)) return unclear("write the name out, e.g. " + quote(word + ".service"));
    std::string id;
    std::set<std::string> names;
    for (const auto line : split(result.output, '\n')) {
        if (line.starts_with("Id=")) {
            if (!id.empty()) return unclear("there are several");
            id = line.substr(3);
        }
        if (!line.starts_with("Names=")) continue;
        for (const auto name : split(line.substr(6), ' ')) {
            if (!name.empty()) names.emplace(name);
        }
    }
    if (result.status != 0 || !result.signal.empty() || id.empty()) {
        return unclear("systemctl does not tell");
    }
    Named named{.name = id, .exact = id, .aliases = {}};
    if (auto shorter = short_name(id); !shorter.empty()) named.aliases.same = {std::move(shorter)};
    names.insert(id);
    for (const auto& name : names) {
        add_with_short_name(named.aliases.others, name);
        // A rule about the template is one about its instances.
        const auto at = name.find('@');
        const auto dot = name.rfind('.');
        if (at == std::string::npos || dot == std::string::npos || dot < at) continue;
        add_with_short_name(named.aliases.others, name.substr(0, at + 1) + name.substr(dot));
    }
    named.aliases.others.push_back(word);
    return named;
}

/// "ID /NAME", as docker inspect was asked for it.
Result<std::optional<Named>> read_container(const ExecutionResult& result, const std::string& word)
{
    const auto line = trim(std::string_view{result.output});
    const auto blank = line.find(' ');
    if (result.status == 0 && blank != std::string_view::npos) {
        return named_container(line.substr(0, blank), line.substr(blank + 1), word);
    }
    const auto said = lower_ascii(result.diagnostics);
    if (said.find("no such") != std::string::npos) return std::nullopt;
    return fail(Errc::invalid_argument, "which container is meant by " + quote(word) +
                                            " is not clear: docker does not tell" +
                                            (said.empty() ? "" : ": ") +
                                            escaped_line(trim(result.diagnostics), 200));
}

/// The command with what stands around each looked-up value left out: the value is the whole name.
CatalogueCommand with_whole_names(CatalogueCommand command)
{
    for (auto& word : command.argv) {
        for (std::size_t at = 0; at < word.size(); ++at) {
            const auto parameter =
                std::ranges::find(command.parameters, word[at].parameter, &CommandParameter::name);
            const bool is_named = !word[at].parameter.empty() &&
                                  parameter != command.parameters.end() &&
                                  parameter->names != Names::nothing;
            if (!is_named) continue;
            // The template was read so that every word has the same text there (names_in).
            if (at > 0 && word[at - 1].literal.ends_with(parameter->names_prefix)) {
                auto& text = word[at - 1].literal;
                text.resize(text.size() - parameter->names_prefix.size());
            }
            if (at + 1 < word.size() && word[at + 1].literal.starts_with(parameter->names_suffix)) {
                word[at + 1].literal.erase(0, parameter->names_suffix.size());
            }
        }
    }
    return command;
}

/// What asks the target which thing is meant, and changes nothing.
targets::Command question_about(const CommandParameter& parameter, const std::string& word)
{
    targets::Command question{.argv = parameter.asked_by, .input = {}};
    if (parameter.names == Names::unit) {
        for (const auto* more : {"show", "--property=Id", "--property=Names", "--"})
            question.argv.emplace_back(more);
    } else {
        for (const auto* more : {"inspect", "--type", "container", "--format", "{{.Id}} {{.Name}}"})
            question.argv.emplace_back(more);
    }
    question.argv.push_back(word);
    return question;
}

}  // namespace

Result<std::optional<Named>> named_container(std::string_view id,
                                             std::string_view name,
                                             const std::string& word)
{
    constexpr std::size_t short_id_length = 12;
    if (name.starts_with('/')) name.remove_prefix(1);
    const bool is_id = id.size() >= short_id_length && std::ranges::all_of(id, [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                       });
    if (!is_id || name.empty()) {
        return fail(Errc::invalid_argument, "which container is meant by " + quote(word) +
                                                " is not clear: the engine does not tell");
    }
    return Named{
        .name = std::string{name},
        .exact = std::string{id},
        .aliases = {.same = {},
                    .others = {word, std::string{id}, std::string{id.substr(0, short_id_length)}}}};
}

std::vector<Naming> namings_of(const CatalogueCommand& command,
                               const CatalogueCommand::Values& values)
{
    std::vector<Naming> out;
    // What is known of one value must not undo what is known of another.
    std::shared_ptr<CatalogueCommand::Values> bound;
    std::shared_ptr<const CatalogueCommand> kept;
    for (const auto& parameter : command.parameters) {
        const auto value = values.find(parameter.name);
        if (parameter.names == Names::nothing || value == values.end()) continue;
        if (!bound) {
            bound = std::make_shared<CatalogueCommand::Values>(values);
            kept = std::make_shared<const CatalogueCommand>(with_whole_names(command));
        }
        const bool is_unit = parameter.names == Names::unit;
        const auto word = parameter.names_prefix + value->second + parameter.names_suffix;
        bound->insert_or_assign(parameter.name, word);
        out.push_back({.parameter = "parameters." + parameter.name,
                       .word = value->second,
                       .kind = is_unit ? "unit" : "container",
                       .question = question_about(parameter, word),
                       .read =
                           [word, is_unit](const ExecutionResult& result) {
                               return is_unit ? read_unit(result, word)
                                              : read_container(result, word);
                           },
                       .act_on =
                           [bound, kept, name = parameter.name](targets::Operation& operation,
                                                                const std::string& exact) {
                               bound->insert_or_assign(name, exact);
                               operation = kept->bind(*bound);
                           }});
    }
    return out;
}

}  // namespace tailops::tools
