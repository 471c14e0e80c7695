#pragma once

#include "gateway/tools/commands/template_word.hpp"

#include <optional>
#include <span>

namespace tailops::tools {

/// The first place where a caller's value would become more than data: a program, an option that
/// runs one, the text of a shell or an interpreter, or the input of one. Nothing when no value can.
///
/// Programs are known by name (command_programs.cpp): those whose arguments are data, those that
/// run the rest of their words, and those with a grammar between. From the first parameter on, a
/// program that is not known is a misuse, because it might hand its arguments to a shell.
std::optional<TemplateProblem> find_misuse(std::span<const SimpleCommand> commands);

}  // namespace tailops::tools
