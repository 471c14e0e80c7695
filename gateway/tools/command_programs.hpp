#pragma once

#include "gateway/tools/command_template.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tailops::tools {

/// A word of a template, as far as it is known before it runs.
struct TemplateWord {
    std::size_t offset{0};
    std::string literal{};  // quotes taken off, parameters left out
    bool is_fixed{true};    // exactly this one word: no parameter, variable or pattern in it
    bool is_bare{true};     // no part of it was quoted
    std::vector<const CommandParameter*> parameters{};

    bool has_parameter() const noexcept { return !parameters.empty(); }
};

/// A simple command of a template: its words without redirections.
struct SimpleCommand {
    std::vector<TemplateWord> words{};
};

/// The first place where a caller's value would become more than data: a program, an option that
/// runs one, the text of a shell or an interpreter, or the input of one. Nothing when no value can.
///
/// Programs are known by name (command_programs.cpp): those whose arguments are data, those that
/// run the rest of their words, and those with a grammar between. From the first parameter on, a
/// program that is not known is a misuse, because it might hand its arguments to a shell.
std::optional<TemplateProblem> find_misuse(std::span<const SimpleCommand> commands);

}  // namespace tailops::tools
