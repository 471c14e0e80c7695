#pragma once

#include "gateway/tools/commands.hpp"

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
};

/// Why a template is refused, and where in it.
struct TemplateProblem {
    std::size_t offset{0};
    std::string text;
};

/// Refuses placeholders that could change what the template does: inside quotes, in command
/// position, as the target of a redirection, in a word that is an option, or handed to a shell.
std::expected<CompiledTemplate, TemplateProblem> compile_template(
    std::string_view text, const std::vector<CommandParameter>& parameters);

}  // namespace tailops::tools
