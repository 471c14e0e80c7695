#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

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

Verdict check_names(Words words, std::string_view name)
{
    for (const auto& word : words.subspan(1)) {
        if (holds_names(word) && !is_piped(word)) continue;
        return misuse(word, "a parameter of " + quote(name) + " must be a name or an integer");
    }
    return std::nullopt;
}

namespace {

/// The words of `docker exec` and `docker container exec` from "exec" on; nothing of other verbs.
std::optional<Words> exec_words(Words words, std::string_view program)
{
    if (program != "docker" && program != "podman") return std::nullopt;
    if (words.front().literal == "container" && words.size() > 1) words = words.subspan(1);
    if (words.front().literal != "exec") return std::nullopt;
    return words;
}

/// Where the verb stands, behind the options of the program itself.
std::size_t find_verb(Words words, const VerbProgram& program, Verdict& problem)
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
        if (!is_value && !is_flag) {
            problem = unknown_word(words[at], program.name);
            break;
        }
        if (is_value && name.size() == text.size()) ++at;
        if (at < words.size() && (words[at].has_parameter() || !words[at].is_fixed)) break;
    }
    return at;
}

}  // namespace

Verdict check_verb(Words words, const VerbProgram& program, Input input)
{
    const ObeyedOptions obeyed{.letters = program.obeyed_letters,
                               .names = program.obeyed_names,
                               .value_letters = program.value_letters};
    auto problem = check_obeyed(words, obeyed);
    if (problem) return problem;
    auto at = find_verb(words, program, problem);
    if (problem) return problem;
    const auto* const parameter = first_parameter(words);
    if (at >= words.size()) return std::nullopt;
    if (words[at].has_parameter()) {
        return misuse(words[at], "a parameter cannot choose what " + quote(program.name) + " does");
    }
    std::string verb = words[at].literal;
    const auto is_known = [&] { return is_listed(verb, program.verbs); };
    if (const auto exec = exec_words(words.subspan(at), program.name)) {
        return check_wrapped(*exec, container_exec, input);
    }
    if (!is_known() && at + 1 < words.size() && words[at + 1].is_fixed) {
        verb += ' ' + words[at + 1].literal;
    }
    if (parameter == nullptr && input == Input::own) return std::nullopt;
    if (!words[at].is_fixed || !is_known()) {
        return misuse(words[at], "what " + quote(std::string{program.name} + ' ' + verb) +
                                     " makes of a parameter is not known here");
    }
    if (program.name == "ip") {
        if ((problem = check_ip(words.subspan(at + 1)))) return problem;
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
