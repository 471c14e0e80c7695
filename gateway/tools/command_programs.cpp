#include "gateway/tools/command_programs.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/program_checks.hpp"

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
    for (const auto& command : commands) {
        Verdict problem;
        const auto words = without_prefix(command, problem);
        if (!words) return problem;
        if (words->empty()) continue;
        const bool has_one = first_parameter(*words) != nullptr;
        if (!has_one && !is_free) continue;
        // What a value made may reach a later program: through a pipe, a file, what find finds.
        const auto input = has_seen_one && is_free ? Input::piped : Input::own;
        has_seen_one = has_seen_one || has_one;
        if (has_seen_one) {
            if ((problem = check_program(*words, input))) return problem;
            continue;
        }
        const auto& program = words->front();
        const auto name = program.literal.substr(program.literal.rfind('/') + 1);
        if (!program.is_fixed || is_interpreter(name)) {
            return misuse(program, "a shell or an interpreter cannot stand beside a parameter");
        }
    }
    return std::nullopt;
}

}  // namespace tailops::tools
