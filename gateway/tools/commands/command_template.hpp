#pragma once

#include "gateway/tools/commands/commands.hpp"
#include "gateway/tools/commands/template_word.hpp"

#include <expected>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// A `command_template` turned into an argv with places for values.
///
/// A template that is one plain command becomes its words. One that needs a shell (a pipeline, a
/// redirection, a variable) becomes `/bin/sh -c SCRIPT sh VALUE…`, where SCRIPT is the template
/// with each `{name}` replaced by a quoted positional parameter: a value is never text of the
/// script.
/// `{}` and `{{…}}` are literal.
struct CompiledTemplate {
    std::vector<std::vector<CatalogueCommand::Piece>> argv;
    std::set<std::string, std::less<>> used;  // parameters
    std::vector<SimpleCommand> commands;      // its words; they point into the parameters
    bool is_read{true};                       // no grammar in it that `commands` does not show
};

/// Whether whoever wrote the template answers for what its programs make of a value.
enum class Trust { none, given };

/// Refuses placeholders that could change what the template does: inside quotes, as the target of a
/// redirection, in a word that is an option; and, without trust, those that could become a program,
/// text of a shell or an interpreter, or the input of one (command_programs.hpp).
std::expected<CompiledTemplate, TemplateProblem> compile_template(
    std::string_view text,
    const std::vector<CommandParameter>& parameters,
    Trust trust = Trust::none);

}  // namespace tailops::tools
