#pragma once

#include "gateway/tools/commands/command_programs.hpp"
#include "gateway/tools/commands/known_programs.hpp"

#include <string>
#include <string_view>

// The parts of command_programs.cpp: what each kind of program makes of its words. `words` has the
// name of the program first.

namespace tailops::tools {

using Words = std::span<const TemplateWord>;
using Verdict = std::optional<TemplateProblem>;

/// Whether what a command reads, or runs, may be what a parameter made before it.
enum class Input { own, piped };

// --- words ------------------------------------------------------------------------------------

/// What xargs makes of its input: anything, also what looks like an option.
const CommandParameter& piped_words();
bool is_piped(const TemplateWord& word);

/// Whether every value in the word is a name or a number; a number; a path.
bool holds_names(const TemplateWord& word);
bool holds_numbers(const TemplateWord& word);
bool holds_paths(const TemplateWord& word);
/// Whether every value in the word is one that the file itself lists, or a number: whatever a
/// program makes of it, the file says so.
bool is_bounded(const TemplateWord& word);
/// Whether the word sets a variable, with or without a value of a caller in it.
bool is_assignment(const TemplateWord& word);
/// Null when none has a parameter.
const TemplateWord* first_parameter(Words words);

TemplateProblem misuse(const TemplateWord& word, std::string text);
TemplateProblem unknown_word(const TemplateWord& word, std::string_view program);

inline constexpr auto handed_to_a_shell =
    "a parameter cannot be handed to a shell or an interpreter";

// --- programs ---------------------------------------------------------------------------------

/// Any program, by its name.
Verdict check_program(Words words, Input input);

// wrapped_programs.cpp: programs that run the rest of their words.

/// Where the operands of the program begin, behind its options. Nothing: see `problem`.
std::optional<std::size_t> skip_options(Words words, const Wrapper& wrapper, Verdict& problem);
/// The words of the program that the wrapper runs. Nothing: see `problem`.
std::optional<Words> inner_words(Words words, const Wrapper& wrapper, Verdict& problem);
Verdict check_wrapped(Words words, const Wrapper& wrapper, Input input);
Verdict check_ssh(Words words, Input input);
Verdict check_xargs(Words words, Input input);
Verdict check_find(Words words);

// data_programs.cpp: programs that take what they are given as data, mostly.

/// A program that is told what to do by a verb: the verb must be written out and take data.
Verdict check_verb(Words words, const VerbProgram& program, Input input);
/// test(1): some shells evaluate what they compare as arithmetic, where a[$(id)] runs id.
Verdict check_test(Words words);
/// printf(1): some shells evaluate what %d prints as arithmetic.
Verdict check_printf(Words words);
/// A program whose words are names.
Verdict check_names(Words words, std::string_view name);

// data_options.cpp: options that make more of a value than data.

Verdict check_data(Words words, std::string_view name);
/// A file that only the template can mean: from the root on, and none that hands on a pipe.
bool is_fixed_file(std::string_view path);
/// Options whose value is a file that the program obeys.
struct ObeyedOptions {
    std::string_view letters, names;
    std::string_view value_letters;  // all that take a value
};
Verdict check_obeyed(Words words, const ObeyedOptions& options);
/// A key, and none from a file or a pipe.
Verdict check_sysctl(Words words);
/// What stands behind a verb of ip.
Verdict check_ip(Words words);

// address_programs.cpp: programs of whose operands the first letters decide what they are.

/// curl, besides check_data: no address of a file, and no value that is one.
Verdict check_curl(Words words);
/// ps and top, which take options without a dash.
Verdict check_process_list(Words words, std::string_view name);

// script_programs.cpp: programs of whose words the first, or one after an option, is more than
// data.

/// awk and sed: a script first (or after -e), then files.
Verdict check_script_program(Words words, std::string_view name);
Verdict check_tar(Words words);

}  // namespace tailops::tools
