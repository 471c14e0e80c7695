#include "gateway/tools/commands/command_programs.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using Type = CommandParameter::Type;

/// The programs with a grammar of their own. Nothing: `name` is none of them.
std::optional<Verdict> check_special(Words words, std::string_view name, Input input)
{
    if (name == "ssh") return check_ssh(words, input);
    if (name == "xargs") return check_xargs(words, input);
    if (name == "find") return check_find(words);
    if (name == "sed" || name == "awk" || name == "gawk" || name == "mawk" || name == "nawk") {
        return check_script_program(words, name);
    }
    if (name == "test" || name == "[") return check_test(words);
    if (name == "printf") return check_printf(words);
    if (name == "tar") return check_tar(words);
    if (name == "sysctl") return check_sysctl(words);
    if (is_in(name, name_programs)) return check_names(words, name);
    if (name == "tee") {
        const auto* const parameter = first_parameter(words);
        if (parameter == nullptr) return Verdict{};
        return Verdict{misuse(*parameter, "a parameter cannot be a file that tee writes")};
    }
    const bool is_query = name == "command" && words.size() > 1 &&
                          (words[1].literal == "-v" || words[1].literal == "-V");
    if (is_query) return Verdict{};
    if (name == "runuser") {
        // Without -u its words are a shell's.
        const bool is_direct = std::ranges::any_of(words, [](const TemplateWord& word) {
            return word.literal == "-u" || word.literal == "--user";
        });
        if (is_direct) return check_wrapped(words, runuser, input);
        return std::nullopt;
    }
    const auto verbs = std::ranges::find(verb_programs, name, &VerbProgram::name);
    if (verbs != verb_programs.end()) return check_verb(words, *verbs, input);
    const auto wrapper = std::ranges::find(wrappers, name, &Wrapper::name);
    if (wrapper != wrappers.end()) return check_wrapped(words, *wrapper, input);
    return std::nullopt;
}

/// `command` without what only shapes it: keywords and constant assignments.
std::optional<Words> without_prefix(const SimpleCommand& command, Verdict& problem)
{
    Words words{command.words};
    while (!words.empty()) {
        const auto& word = words.front();
        if (is_assignment(word)) {
            if (word.has_parameter()) {
                problem = misuse(word, "a parameter cannot become a variable");
                return std::nullopt;
            }
        } else if (!word.is_bare || word.has_parameter() ||
                   !is_in(word.literal, command_keywords)) {
            break;
        }
        words = words.subspan(1);
    }
    return words;
}

std::string_view base_name(const TemplateWord& word)
{
    return std::string_view{word.literal}.substr(word.literal.rfind('/') + 1);
}

/// The first word of a command behind what only runs it in this shell: `command shift`.
Words without_builtins(Words words)
{
    while (!words.empty() && is_listed(words.front().literal, "command,exec,time")) {
        words = words.subspan(1);
        while (!words.empty() && words.front().literal.starts_with('-') &&
               !is_listed(words.front().literal, "-v,-V")) {
            words = words.subspan(1);
        }
    }
    return words;
}

/// What a command does to the shell itself: the values are its positional parameters.
Verdict check_shell_state(Words words)
{
    const auto inner = without_builtins(words);
    if (inner.empty()) {
        return misuse(words.front(), "a redirection of the shell cannot stand beside a parameter");
    }
    const auto& program = inner.front();
    if (!program.has_parameter() && is_listed(program.literal, shell_state)) {
        return misuse(program, quote(program.literal) +
                                   " changes what the shell makes of values, and cannot stand "
                                   "beside a parameter");
    }
    if (!program.has_parameter() && is_listed(program.literal, "eval,source,.,trap")) {
        return misuse(program, "a shell or an interpreter cannot stand beside a parameter");
    }
    return std::nullopt;
}

/// A variable for where programs and settings lie must not lead to where a value leads.
Verdict check_search_variables(Words words)
{
    for (const auto& word : words) {
        if (!is_assignment(word) || word.has_parameter()) continue;
        const std::string_view text{word.literal};
        const auto name = text.substr(0, text.find('='));
        if (!is_listed(name, search_variables)) continue;
        for (const auto part : split(text.substr(name.size() + 1), ':')) {
            const bool is_same = part.starts_with('$') && part.find(name) != part.npos;
            if (is_same || is_fixed_file(part)) continue;
            return misuse(word, "beside a parameter " + quote(std::string{name}) +
                                    " must hold paths that are written out from / on");
        }
    }
    return std::nullopt;
}

/// A variable that holds a pattern: `X=*; cd {path}; sort $X`.
const TemplateWord* kept_pattern(std::span<const SimpleCommand> commands)
{
    for (const auto& command : commands) {
        for (const auto& word : command.words) {
            const bool is_kept = is_assignment(word) || word.literal.starts_with("${");
            if (is_kept && word.literal.find_first_of("*?[") != std::string::npos) return &word;
        }
    }
    return nullptr;
}

TemplateProblem beginless(const TemplateWord& word)
{
    return misuse(word, "what " + quote(word.literal) +
                            " finds could be an option where a parameter decides what lies there; "
                            "begin it with ./, or put it into quotes");
}

/// Names of files that may begin with anything are options and scripts where a value decides which
/// files there are.
Verdict check_patterns(Words words)
{
    for (const auto& word : words) {
        const std::string_view text{word.literal};
        const bool has_fixed_begin =
            text.starts_with('/') || text.starts_with("./") || text.starts_with("~/");
        if (!word.is_pattern || has_fixed_begin) continue;
        return beginless(word);
    }
    return std::nullopt;
}

bool makes_names(Words words)
{
    return std::ranges::any_of(words, [](const TemplateWord& word) {
        return !word.has_parameter() && is_listed(base_name(word), makers);
    });
}

bool is_a_callers_choice(const CommandParameter* parameter)
{
    return parameter->type != Type::integer && parameter->allowed_values.empty();
}

}  // namespace

Verdict check_program(Words words, Input input)
{
    const auto& program = words.front();
    if (program.has_parameter()) return misuse(program, "a parameter cannot choose the program");
    const auto* const parameter = first_parameter(words);
    const auto& culprit = parameter ? *parameter : program;
    if (!program.is_fixed) {
        return misuse(program, "the program must be written out where a parameter is used");
    }
    const std::string_view path{program.literal};
    // A program beside the current directory is whatever lies there: cd {path} && ./ls.
    const bool is_elsewhere = path.find('/') != std::string_view::npos && path.front() != '/';
    const auto name = path.substr(path.rfind('/') + 1);
    if (is_interpreter(name)) return misuse(culprit, handed_to_a_shell);
    if (!is_elsewhere) {
        if (auto known = check_special(words, name, input)) return *std::move(known);
        if (is_listed(name, data_programs)) return check_data(words, name);
    }
    const bool is_harmless =
        input == Input::own && parameter != nullptr && std::ranges::all_of(words, is_bounded);
    if (is_harmless) return std::nullopt;
    return misuse(culprit, "what " + quote(program.literal) +
                               " does with what a parameter gives it is not known here");
}

Verdict find_misuse(std::span<const SimpleCommand> commands)
{
    bool is_free = false;  // a caller can put in what the file does not list
    for (const auto& command : commands) {
        for (const auto& word : command.words) {
            is_free = is_free || std::ranges::any_of(word.parameters, is_a_callers_choice);
        }
    }
    bool has_seen_one = false;
    bool has_made_one = false;
    const auto* const kept = kept_pattern(commands);
    for (const auto& command : commands) {
        auto problem = check_search_variables(command.words);
        if (problem) return problem;
        const auto words = without_prefix(command, problem);
        if (!words) return problem;
        if (words->empty()) continue;
        if ((problem = check_shell_state(*words))) return problem;
        const bool has_one = first_parameter(*words) != nullptr;
        if (!has_one && !is_free) continue;
        // What a value made may reach a later program: through a pipe, a file, what find finds.
        const auto input = has_seen_one && is_free ? Input::piped : Input::own;
        has_seen_one = has_seen_one || has_one;
        has_made_one = has_made_one || (has_one && makes_names(*words));
        if (has_made_one && kept != nullptr) return beginless(*kept);
        if (has_made_one && (problem = check_patterns(*words))) return problem;
        if (has_seen_one) {
            if ((problem = check_program(*words, input))) return problem;
            continue;
        }
        const auto& program = words->front();
        if (!program.is_fixed || is_interpreter(base_name(program))) {
            return misuse(program, "a shell or an interpreter cannot stand beside a parameter");
        }
    }
    return std::nullopt;
}

}  // namespace tailops::tools
