#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

#include <algorithm>

namespace tailops::tools {

using Type = CommandParameter::Type;

const CommandParameter& piped_words()
{
    static const CommandParameter words = [] {
        CommandParameter made;
        made.type = Type::text;
        return made;
    }();
    return words;
}

bool is_piped(const TemplateWord& word)
{
    return std::ranges::find(word.parameters, &piped_words()) != word.parameters.end();
}

bool holds_names(const TemplateWord& word)
{
    return std::ranges::all_of(word.parameters, [](const CommandParameter* parameter) {
        return parameter->type == Type::name || parameter->type == Type::integer;
    });
}

bool holds_numbers(const TemplateWord& word)
{
    return std::ranges::all_of(word.parameters, [](const CommandParameter* parameter) {
        return parameter->type == Type::integer;
    });
}

bool holds_paths(const TemplateWord& word)
{
    return std::ranges::all_of(word.parameters, [](const CommandParameter* parameter) {
        return parameter->type == Type::path;
    });
}

bool is_bounded(const TemplateWord& word)
{
    return std::ranges::all_of(word.parameters, [](const CommandParameter* parameter) {
        return parameter->type == Type::integer || !parameter->allowed_values.empty();
    });
}

const TemplateWord* first_parameter(Words words)
{
    const auto at = std::ranges::find_if(words, &TemplateWord::has_parameter);
    return at == words.end() ? nullptr : &*at;
}

TemplateProblem misuse(const TemplateWord& word, std::string text)
{
    return {.offset = word.offset, .text = std::move(text), .can_be_trusted = true};
}

bool is_assignment(const TemplateWord& word)
{
    const auto sign = word.literal.find('=');
    return sign != std::string::npos && sign > 0 &&
           word.literal.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == sign;
}

TemplateProblem unknown_word(const TemplateWord& word, std::string_view program)
{
    return misuse(word, "what " + quote(word.literal) + " means to " + quote(program) +
                            " is not known here, so that a parameter could become a program");
}

}  // namespace tailops::tools
