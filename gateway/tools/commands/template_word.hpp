#pragma once

#include "gateway/tools/commands/commands.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tailops::tools {

/// A word of a template, as far as it is known before it runs.
struct TemplateWord {
    std::size_t offset{0};
    std::string literal{};   // quotes taken off, parameters left out
    bool is_fixed{true};     // exactly this one word: no parameter, variable or pattern in it
    bool is_bare{true};      // no part of it was quoted
    bool is_pattern{false};  // the shell may make names of files of it
    std::vector<const CommandParameter*> parameters{};
    std::vector<CatalogueCommand::Piece> pieces{};  // what the literal and the parameters are of

    bool has_parameter() const noexcept { return !parameters.empty(); }
};

/// A simple command of a template: its words without redirections.
struct SimpleCommand {
    std::vector<TemplateWord> words{};
};

/// Why a template is refused, and where in it.
struct TemplateProblem {
    std::size_t offset{0};
    std::string text;
    bool can_be_trusted{false};  // an entry that says `trusted: true` may do this
};

}  // namespace tailops::tools
