#include "gateway/core/text.hpp"
#include "gateway/tools/program_checks.hpp"
#include "gateway/tools/script_text.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {

using Type = CommandParameter::Type;

namespace {

/// Whether the word `before` a value is one of `options`: in full, shortened as getopt_long takes
/// it, or as the last letter of several.
bool is_after(std::string_view before, std::string_view options)
{
    if (!before.starts_with('-') || before.size() < 2 || before == "--") return false;
    return any_listed(options, [&](std::string_view option) {
        const bool is_long = before.starts_with("--");
        return is_long ? option.starts_with(before)
                       : option.size() == 2 && option.back() == before.back();
    });
}

}  // namespace

Verdict check_script_program(Words words, std::string_view name)
{
    const bool is_sed = name == "sed";
    const Wrapper options{.name = name,
                          .value_letters = is_sed ? "efil" : "Fv",
                          .flag_letters = is_sed ? "nErsuz" : "",
                          .value_names = "--expression,--field-separator,--assign",
                          .flag_names =
                              "--quiet,--silent,--regexp-extended,--separate,--null-data,--"
                              "unbuffered,--posix,--sandbox"};
    const auto is_harmless = [&](std::string_view script) {
        return is_sed ? is_harmless_sed(script) : is_harmless_awk(script);
    };
    const auto judge = [&](const TemplateWord& script) -> Verdict {
        if (!holds_numbers(script)) return misuse(script, handed_to_a_shell);
        if (!script.has_parameter() && !script.is_fixed) return unknown_word(script, name);
        if (is_harmless(script.literal)) return std::nullopt;
        return misuse(script, "what a parameter chooses reaches a script of " + quote(name) +
                                  " that may run programs or write files");
    };
    bool has_script = false;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        const std::string_view text{word.literal};
        const bool is_option = !word.has_parameter() && text.starts_with('-') && text.size() > 1;
        if (is_option) {
            const bool takes_script =
                is_sed && (text == "-e" || text == "-ne" || text == "-Ee" || text == "-re" ||
                           text == "-nEe" || text == "--expression");
            const bool takes_data = !is_sed && (text == "-F" || text == "-v");
            if (takes_script && at + 1 < words.size()) {
                if (auto problem = judge(words[++at])) return problem;
                has_script = true;
            } else if (takes_data && at + 1 < words.size()) {
                ++at;
                if (!holds_names(words[at])) return misuse(words[at], handed_to_a_shell);
            } else {
                Verdict problem;
                const std::array alone{words.front(), word};
                const bool is_flag =
                    text.find_first_of("ef") == std::string_view::npos || text.starts_with("--");
                if (!is_flag || !skip_options(alone, options, problem) ||
                    text.starts_with("--expression")) {
                    return unknown_word(word, name);
                }
            }
        } else if (!has_script) {
            if (auto problem = judge(word)) return problem;
            has_script = true;
        } else if (word.has_parameter() &&
                   (is_piped(word) || std::ranges::any_of(word.parameters, [](const auto* one) {
                        return one->type == Type::text;
                    }))) {
            // awk takes a file called a=b for an assignment.
            return misuse(word, handed_to_a_shell);
        }
    }
    return std::nullopt;
}

Verdict check_test(Words words)
{
    constexpr auto about_files =
        std::to_array<std::string_view>({"-e", "-f", "-d", "-r", "-w", "-x", "-s", "-L", "-h"});
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter() || (holds_names(word) && !is_piped(word))) continue;
        const bool is_path = std::ranges::all_of(
            word.parameters, [](const auto* one) { return one->type == Type::path; });
        if (is_path && is_in(words[at - 1].literal, about_files)) continue;
        return misuse(word, "a parameter cannot be evaluated as arithmetic");
    }
    return std::nullopt;
}

Verdict check_printf(Words words)
{
    if (words.size() < 2) return std::nullopt;
    const auto& format = words[1];
    bool is_text = format.is_fixed && !format.literal.starts_with('-');
    for (std::size_t at = 0; is_text && at < format.literal.size(); ++at) {
        if (format.literal[at] != '%') continue;
        ++at;
        is_text = at < format.literal.size() &&
                  std::string_view{"s%bq"}.find(format.literal[at]) != std::string_view::npos;
    }
    for (const auto& word : words.subspan(1)) {
        const bool is_harmless = is_text || (holds_names(word) && !format.literal.starts_with('-'));
        if (!word.has_parameter() || (is_harmless && !is_piped(word))) continue;
        return misuse(word, "a parameter cannot be evaluated as arithmetic; print it with %s");
    }
    return std::nullopt;
}

Verdict check_tar(Words words)
{
    constexpr auto refused = std::to_array<std::string_view>(
        {"--use-compress-program", "--to-command", "--checkpoint-action", "--info-script",
         "--new-volume-script", "--rsh-command", "--rmt-command", "--files-from",
         "--exclude-from"});
    constexpr std::string_view letters = "IFTX";
    // As in `tar xfT`: the values of such letters follow in their order.
    const bool is_bundle = words.size() > 1 && !words[1].literal.starts_with('-') &&
                           words[1].literal.find_first_of(letters) != std::string::npos;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter()) continue;
        const std::string_view before{words[at - 1].literal};
        const bool is_option =
            at == 1 || is_bundle || !words[at - 1].is_fixed ||
            (before.starts_with("--") &&
             std::ranges::any_of(refused, [&](auto name) { return name.starts_with(before); })) ||
            (before.starts_with('-') && !before.starts_with("--") &&
             letters.find(before.back()) != std::string_view::npos);
        const bool is_path = std::ranges::all_of(
            word.parameters, [](const auto* one) { return one->type == Type::path; });
        // tar runs ssh for an archive called host:file.
        if (is_option || !is_path || is_piped(word)) {
            return misuse(word, "a parameter of \"tar\" must be a path, and no option");
        }
    }
    return std::nullopt;
}

Verdict check_data(Words words, std::string_view name)
{
    const auto exception = std::ranges::find(exceptions, name, &Exception::program);
    if (exception == exceptions.end()) return std::nullopt;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter()) continue;
        const std::string_view before{words[at - 1].literal};
        const bool is_long = before.starts_with("--") && before.size() > 2;
        const bool is_refused = is_piped(word) ||
                                (is_long && any_listed(exception->names,
                                                       [&](std::string_view option) {
                                                           return option.starts_with(before);
                                                       })) ||
                                (!is_long && before.size() > 1 && before.starts_with('-') &&
                                 exception->letters.find(before.back()) != std::string_view::npos);
        if (is_refused) {
            return misuse(
                word, "a parameter cannot be what " + quote(name) + " runs, obeys or writes to");
        }
    }
    return std::nullopt;
}

Verdict check_names(Words words, std::string_view name)
{
    for (const auto& word : words.subspan(1)) {
        if (holds_names(word) && !is_piped(word)) continue;
        return misuse(word, "a parameter of " + quote(name) + " must be a name or an integer");
    }
    return std::nullopt;
}

Verdict check_verb(Words words, const VerbProgram& program, Input input)
{
    std::size_t at = 1;
    for (; at < words.size(); ++at) {
        const std::string_view text{words[at].literal};
        if (words[at].has_parameter() || !words[at].is_fixed) break;
        if (!text.starts_with('-')) break;
        const auto name = text.substr(0, text.find('='));
        const bool is_value =
            is_listed(name, program.value_names) ||
            (text.size() == 2 && program.value_letters.find(text[1]) != std::string_view::npos);
        const bool is_flag =
            text.starts_with("--no-") || text.starts_with("--all") || text == "--failed" ||
            text == "--now" || text == "--user" || text == "--quiet" || text == "--system" ||
            text.starts_with("-br") || text.starts_with("-color") || text.starts_with("-j") ||
            (!text.starts_with("--") &&
             text.find_first_not_of(program.flag_letters, 1) == std::string_view::npos);
        if (!is_value && !is_flag) return unknown_word(words[at], program.name);
        if (is_value && name.size() == text.size()) ++at;
        if (at < words.size() && (words[at].has_parameter() || !words[at].is_fixed)) break;
    }
    const auto* const parameter = first_parameter(words);
    if (at >= words.size()) return std::nullopt;
    if (words[at].has_parameter()) {
        return misuse(words[at], "a parameter cannot choose what " + quote(program.name) + " does");
    }
    std::string verb = words[at].literal;
    const auto is_known = [&] { return is_listed(verb, program.verbs); };
    const bool is_container = program.name == "docker" || program.name == "podman";
    if (is_container && verb == "container" && at + 1 < words.size() &&
        words[at + 1].literal == "exec") {
        return check_wrapped(words.subspan(at + 1), container_exec, input);
    }
    if (is_container && verb == "exec") {
        return check_wrapped(words.subspan(at), container_exec, input);
    }
    if (!is_known() && at + 1 < words.size() && words[at + 1].is_fixed) {
        verb += ' ' + words[at + 1].literal;
    }
    if (parameter == nullptr && input == Input::own) return std::nullopt;
    if (!words[at].is_fixed || !is_known()) {
        return misuse(words[at], "what " + quote(std::string{program.name} + ' ' + verb) +
                                     " makes of a parameter is not known here");
    }
    for (++at; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter()) continue;
        if (is_piped(word) || is_after(words[at - 1].literal, program.refused_after)) {
            return misuse(word, "a parameter cannot be an option of " + quote(program.name));
        }
        if (program.values == VerbProgram::Values::names && !holds_names(word)) {
            return misuse(
                word, "a parameter of " + quote(program.name) + " must be a name or an integer");
        }
    }
    return std::nullopt;
}

}  // namespace tailops::tools
