#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

#include <algorithm>

namespace tailops::tools {

std::optional<std::size_t> skip_options(Words words, const Wrapper& wrapper, Verdict& problem)
{
    std::size_t at = 1;
    for (; at < words.size() && !words[at].has_parameter(); ++at) {
        const std::string_view text{words[at].literal};
        if (!words[at].is_fixed) {
            problem = unknown_word(words[at], wrapper.name);
            return std::nullopt;
        }
        if (text == "--") return at + 1;
        if (!text.starts_with('-') || text == "-") {
            if (text == "-" && wrapper.name == "env") continue;
            break;
        }
        bool takes_next = false;
        if (text.starts_with("--")) {
            const auto name = text.substr(0, text.find('='));
            const bool has_value = name.size() < text.size();
            if (is_listed(name, wrapper.value_names)) {
                takes_next = !has_value;
            } else if (!is_listed(name, wrapper.flag_names)) {
                problem = unknown_word(words[at], wrapper.name);
                return std::nullopt;
            }
        } else {
            for (std::size_t i = 1; i < text.size(); ++i) {
                if (wrapper.value_letters.find(text[i]) != std::string_view::npos) {
                    takes_next = i + 1 == text.size();
                    break;
                }
                if (wrapper.flag_letters.find(text[i]) == std::string_view::npos) {
                    problem = unknown_word(words[at], wrapper.name);
                    return std::nullopt;
                }
            }
        }
        if (!takes_next) continue;
        ++at;
        if (at < words.size() && !holds_numbers(words[at])) {
            problem =
                misuse(words[at], "a parameter cannot be an option of " + quote(wrapper.name));
            return std::nullopt;
        }
        if (at < words.size() && !words[at].is_fixed && !words[at].has_parameter()) {
            problem = unknown_word(words[at], wrapper.name);
            return std::nullopt;
        }
    }
    return std::min(at, words.size());
}

std::optional<Words> inner_words(Words words, const Wrapper& wrapper, Verdict& problem)
{
    auto at = skip_options(words, wrapper, problem);
    if (!at) return std::nullopt;
    if (wrapper.takes_assignments) {
        for (; *at < words.size() && is_assignment(words[*at]); ++*at) {
            if (!words[*at].has_parameter()) continue;
            problem = misuse(words[*at], "a parameter cannot become a variable");
            return std::nullopt;
        }
    }
    for (int i = 0; i < wrapper.operands && *at < words.size(); ++i, ++*at) {
        const auto& word = words[*at];
        const bool is_fine =
            word.has_parameter()
                ? holds_numbers(word) ||
                      (wrapper.operand == Wrapper::Operand::name && holds_names(word))
                : word.is_fixed;
        if (is_fine) continue;
        problem =
            misuse(word, "a parameter cannot stand before the program of " + quote(wrapper.name));
        if (!word.has_parameter()) problem = unknown_word(word, wrapper.name);
        return std::nullopt;
    }
    return words.subspan(*at);
}

Verdict check_wrapped(Words words, const Wrapper& wrapper, Input input)
{
    Verdict problem;
    const auto inner = inner_words(words, wrapper, problem);
    if (!inner) return problem;
    if (inner->empty()) {
        if (wrapper.has_a_shell && input == Input::piped) {
            return misuse(words.front(), handed_to_a_shell);
        }
        return std::nullopt;
    }
    return check_program(*inner, input);
}

/// What ssh runs is text for a shell there: only words that a shell reads as they are may stand
/// beside a value, and the value must be such a word itself.
Verdict check_ssh(Words words, Input input)
{
    Verdict problem;
    const auto inner = inner_words(words, ssh, problem);
    if (!inner) return problem;
    const auto own = words.first(words.size() - inner->size());
    const ObeyedOptions obeyed{.letters = "FI", .names = "", .value_letters = ssh.value_letters};
    if ((problem = check_obeyed(own, obeyed))) return problem;
    // What a value made before may come through a pipe to whatever the words mean there.
    if (first_parameter(*inner) != nullptr || input == Input::piped) {
        for (const auto& word : *inner) {
            if (!holds_names(word)) return misuse(word, handed_to_a_shell);
            if (!word.is_fixed && !word.has_parameter())
                return unknown_word(word, "the shell there");
            const bool is_plain =
                std::ranges::all_of(word.literal,
                                    [](char c) {
                                        constexpr std::string_view further = "/._-,:=@+";
                                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                               (c >= '0' && c <= '9') ||
                                               further.find(c) != std::string_view::npos;
                                    }) &&
                !(word.literal.empty() && !word.has_parameter());
            if (!is_plain) return unknown_word(word, "the shell there");
        }
    }
    return check_wrapped(words, ssh, input);
}

Verdict check_xargs(Words words, Input input)
{
    Verdict problem;
    const auto inner = inner_words(words, xargs, problem);
    if (!inner) return problem;
    if (input == Input::own || inner->empty()) {
        return inner->empty() ? std::nullopt : check_program(*inner, Input::own);
    }
    std::vector<TemplateWord> filled{inner->begin(), inner->end()};
    std::string mark;
    for (std::size_t i = 1; i < words.size() - inner->size(); ++i) {
        const std::string_view option{words[i].literal};
        if (option == "-I") mark = words[i + 1].literal;
        if (option.starts_with("-I") && option.size() > 2) mark = option.substr(2);
        if (option == "--replace") mark = "{}";
        if (option.starts_with("--replace=")) mark = option.substr(10);
    }
    if (mark.empty()) {
        filled.push_back({.offset = words.front().offset, .parameters = {&piped_words()}});
        filled.back().is_fixed = false;
    }
    for (auto& word : filled) {
        if (mark.empty() || word.literal.find(mark) == std::string::npos) continue;
        word.parameters.push_back(&piped_words());
        word.is_fixed = false;
    }
    return check_program(filled, Input::own);
}

/// The commands after -exec, and files that find writes.
Verdict check_find(Words words)
{
    constexpr auto runs = std::to_array<std::string_view>({"-exec", "-execdir", "-ok", "-okdir"});
    constexpr auto writes = std::to_array<std::string_view>(
        {"-fprint", "-fprint0", "-fls", "-fprintf", "-files0-from"});
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (is_piped(word)) {
            return misuse(word, "what a parameter made cannot become words of \"find\"");
        }
        if (!word.is_fixed && !word.has_parameter() && word.literal.starts_with('-')) {
            return unknown_word(word, "find");
        }
        if (is_in(word.literal, writes) && at + 1 < words.size() && words[at + 1].has_parameter()) {
            return misuse(words[at + 1], "a parameter cannot be a file that find writes or obeys");
        }
        if (!is_in(word.literal, runs)) continue;
        auto end = at + 1;
        while (end < words.size() && words[end].literal != ";" &&
               !(words[end].literal == "+" && words[end - 1].literal == "{}")) {
            ++end;
        }
        const auto inner = words.subspan(at + 1, end - at - 1);
        if (inner.empty()) return std::nullopt;
        if (inner.front().literal == "{}") {
            return misuse(inner.front(), "what find finds for a parameter cannot be the program");
        }
        if (auto problem = check_program(inner, Input::piped)) return problem;
        at = end;
    }
    return std::nullopt;
}

}  // namespace tailops::tools
