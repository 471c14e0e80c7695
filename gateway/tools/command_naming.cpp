#include "gateway/tools/command_naming.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;
using Words = std::vector<std::string_view>;
using targets::ExecutionResult;

template <class Range>
bool has(const Range& range, std::string_view word)
{
    return std::ranges::find(range, word) != std::ranges::end(range);
}

// Options that take the word after them, of systemctl(1) and docker(1).
constexpr auto systemctl_values = std::to_array<std::string_view>(
    {"-t", "--type", "--state", "-p", "--property", "-P", "-n", "--lines", "-o", "--output", "-H",
     "--host", "-M", "--machine", "-s", "--signal", "--root", "--job-mode"});
constexpr auto docker_global_values = std::to_array<std::string_view>(
    {"-H", "--host", "-c", "--context", "--config", "-l", "--log-level"});
constexpr auto docker_values =
    std::to_array<std::string_view>({"-n", "--tail", "--since", "--until", "--time", "--signal",
                                     "-u", "--user", "-w", "--workdir", "-e", "--env", "--format"});
// Subcommands of docker(1) whose words are containers, and those of which only the first is one.
constexpr auto docker_all =
    std::to_array<std::string_view>({"cp", "diff", "inspect", "kill", "logs", "pause", "restart",
                                     "rm", "start", "stats", "stop", "unpause", "update", "wait"});
constexpr auto docker_first = std::to_array<std::string_view>(
    {"attach", "commit", "exec", "export", "port", "rename", "top"});

std::string_view base_name(std::string_view word)
{
    return word.substr(word.rfind('/') + 1);
}

/// A word that means itself to a shell.
bool is_plain(std::string_view word)
{
    return word.find_first_of("{}'\"$`\\|;&()<>*?[]=~#!") == std::string_view::npos;
}

/// The words of a template; a line end is a word that ends a command.
Words words_of(std::string_view line)
{
    Words out;
    for (const auto row : split(line, '\n')) {
        for (const auto part : split(row, ' ')) {
            for (const auto word : split(part, '\t')) {
                if (!word.empty()) out.push_back(word);
            }
        }
        out.emplace_back(";");
    }
    return out;
}

bool is_separator(std::string_view word)
{
    constexpr auto separators =
        std::to_array<std::string_view>({"|", "||", "&&", "&", "(", "{", "then", "do", "else",
                                         "elif", "if", "while", "until", "!"});
    return has(separators, word) || word.ends_with(';');
}

/// The simple command in which the word `at` stands: its words before that one.
Words command_before(const Words& words, std::size_t at)
{
    auto begin = at;
    while (begin > 0 && !is_separator(words[begin - 1])) --begin;
    Words out{words.begin() + static_cast<std::ptrdiff_t>(begin),
              words.begin() + static_cast<std::ptrdiff_t>(at)};
    if (!out.empty() && out.front().starts_with('(')) out.front().remove_prefix(1);
    return out;
}

std::vector<std::string> texts(const Words& words, std::size_t begin, std::size_t end)
{
    std::vector<std::string> out;
    for (auto i = begin; i < end; ++i) out.emplace_back(words[i]);
    return out;
}

/// The program at `at` with what stands before it (sudo), where that means itself.
std::vector<std::string> program_with_prefix(const Words& command, std::size_t at)
{
    const bool is_plain_up_to = std::ranges::all_of(
        command.begin(), command.begin() + static_cast<std::ptrdiff_t>(at) + 1, is_plain);
    return texts(command, is_plain_up_to ? 0 : at, at + 1);
}

/// The first word from `begin` on that is neither an option nor the value of one.
template <class Values>
std::size_t next_operand(const Words& command, std::size_t begin, const Values& with_value)
{
    auto at = begin;
    while (at < command.size() && command[at].starts_with('-'))
        at += has(with_value, command[at]) ? 2 : 1;
    return std::min(at, command.size());
}

std::optional<NamingUse> use_of_systemctl(const Words& command, std::size_t program)
{
    const auto& last = command.back();
    if (command.size() > program + 1 && has(systemctl_values, last)) return std::nullopt;
    NamingUse use{.names = Names::unit, .asked_by = program_with_prefix(command, program)};
    if (has(command, "--user")) use.asked_by.emplace_back("--user");
    return use;
}

/// `service NAME ACTION`: the name follows at once.
std::optional<NamingUse> use_of_service(const Words& command, std::size_t program)
{
    if (command.size() != program + 1) return std::nullopt;
    return NamingUse{.names = Names::unit, .asked_by = {"systemctl"}};
}

std::optional<NamingUse> use_of_journalctl(const Words& command)
{
    const auto& last = command.back();
    if (last == "-u" || last == "--unit")
        return NamingUse{.names = Names::unit, .asked_by = {"systemctl"}};
    if (last != "--user-unit") return std::nullopt;
    return NamingUse{.names = Names::unit, .asked_by = {"systemctl", "--user"}};
}

std::optional<NamingUse> use_of_docker(const Words& command, std::size_t program)
{
    auto verb = next_operand(command, program + 1, docker_global_values);
    const auto options_end = verb;
    if (verb < command.size() && command[verb] == "container") ++verb;
    if (verb >= command.size()) return std::nullopt;
    const bool is_first_only = has(docker_first, command[verb]);
    if (!is_first_only && !has(docker_all, command[verb])) return std::nullopt;
    if (has(docker_values, command.back())) return std::nullopt;
    if (is_first_only && next_operand(command, verb + 1, docker_values) != command.size()) {
        return std::nullopt;
    }
    NamingUse use{.names = Names::container, .asked_by = program_with_prefix(command, program)};
    for (auto i = program + 1; i < options_end; ++i) {
        if (is_plain(command[i])) use.asked_by.emplace_back(command[i]);
    }
    return use;
}

std::optional<NamingUse> use_in(const Words& command)
{
    for (std::size_t i = 0; i < command.size(); ++i) {
        const auto program = base_name(command[i]);
        if (program == "systemctl") return use_of_systemctl(command, i);
        if (program == "service") return use_of_service(command, i);
        if (program == "journalctl") return use_of_journalctl(command);
        if (program == "docker" || program == "podman") return use_of_docker(command, i);
    }
    return std::nullopt;
}

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

}  // namespace

std::optional<NamingUse> naming_use(std::string_view command_template, std::string_view parameter)
{
    const auto placeholder = '{' + std::string{parameter} + '}';
    const auto words = words_of(command_template);
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto word = words[i];
        if (!word.starts_with(placeholder)) continue;
        word.remove_prefix(placeholder.size());
        const auto suffix = word.substr(0, word.find_first_of(");|&<>"));
        auto command = command_before(words, i);
        if (command.empty()) continue;
        if (auto use = use_in(command)) {
            // "web:/etc" is a place inside of the container "web".
            if (!suffix.starts_with(':')) use->suffix = suffix;
            return use;
        }
    }
    return std::nullopt;
}

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
            kept = std::make_shared<const CatalogueCommand>(command);
        }
        const bool is_unit = parameter.names == Names::unit;
        const auto word = value->second + parameter.names_suffix;
        targets::Command question{.argv = parameter.asked_by, .input = {}};
        if (is_unit) {
            for (const auto* more : {"show", "--property=Id", "--property=Names", "--"})
                question.argv.emplace_back(more);
        } else {
            for (const auto* more :
                 {"inspect", "--type", "container", "--format", "{{.Id}} {{.Name}}"})
                question.argv.emplace_back(more);
        }
        question.argv.push_back(word);
        out.push_back({.parameter = "parameters." + parameter.name,
                       .word = value->second,
                       .kind = is_unit ? "unit" : "container",
                       .question = std::move(question),
                       .read =
                           [word, is_unit](const ExecutionResult& result) {
                               return is_unit ? read_unit(result, word)
                                              : read_container(result, word);
                           },
                       .act_on =
                           [bound, kept, name = parameter.name, suffix = parameter.names_suffix](
                               targets::Operation& operation, const std::string& exact) {
                               auto meant = exact;
                               if (!suffix.empty() && meant.ends_with(suffix)) {
                                   meant.resize(meant.size() - suffix.size());
                               }
                               (*bound)[name] = std::move(meant);
                               operation = kept->bind(*bound);
                           }});
    }
    return out;
}

}  // namespace tailops::tools
