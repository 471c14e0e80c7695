#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"
#include "gateway/tools/commands/script_text.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

/// What awk and sed make of their options, in all their kinds. An option that takes a value in one
/// kind and none in another (sed -l) is not here: the word after it may be the script.
struct ScriptOptions {
    std::string_view flag_letters;
    std::string_view script_letters;    // -e SCRIPT
    std::string_view value_letters;     // -F: and -F :
    std::string_view attached_letters;  // -i.bak, never -i .bak
    std::string_view flag_names;
    std::string_view attached_names;  // --assign=x=1; what is a word of its own may be the script
};
constexpr ScriptOptions sed_options{
    "nErsuzb",
    "e",
    "",
    "i",
    "--quiet,--silent,--regexp-extended,--separate,--null-data,--zero-terminated,--unbuffered,"
    "--binary,--posix,--sandbox,--debug,--follow-symlinks,--in-place",
    "--in-place"};
constexpr ScriptOptions awk_options{
    "", "", "Fv", "", "--posix,--sandbox", "--field-separator,--assign"};

class ScriptWords {
public:
    ScriptWords(Words words, std::string_view name)
        : words_{words},
          name_{name},
          is_sed_{name == "sed"},
          options_{is_sed_ ? sed_options : awk_options}
    {
    }

    Verdict check()
    {
        bool are_options_over = false;
        for (at_ = 1; at_ < words_.size(); ++at_) {
            const auto& word = words_[at_];
            const std::string_view text{word.literal};
            const bool is_option = !are_options_over && !word.has_parameter() &&
                                   text.starts_with('-') && text.size() > 1;
            Verdict problem;
            if (is_option && text == "--") {
                are_options_over = true;
            } else if (is_option && !word.is_fixed) {
                problem = unknown_word(word, name_);
            } else if (is_option) {
                problem = text.starts_with("--") ? check_long(word) : check_letters(word);
            } else {
                problem = check_operand(word);
            }
            if (problem) return problem;
        }
        return std::nullopt;
    }

private:
    Verdict check_long(const TemplateWord& word)
    {
        const std::string_view text{word.literal};
        const auto name = text.substr(0, text.find('='));
        const bool has_value = name.size() < text.size();
        if (is_sed_ && name == "--expression") {
            return has_value ? judge(part_of(word, name.size() + 1)) : judge_next();
        }
        const bool is_known =
            is_listed(name, has_value ? options_.attached_names : options_.flag_names);
        return is_known ? std::nullopt : Verdict{unknown_word(word, name_)};
    }

    Verdict check_letters(const TemplateWord& word)
    {
        const std::string_view text{word.literal};
        const auto has = [](std::string_view letters, char letter) {
            return letters.find(letter) != std::string_view::npos;
        };
        for (std::size_t i = 1; i < text.size(); ++i) {
            const bool is_last = i + 1 == text.size();
            if (has(options_.attached_letters, text[i])) return std::nullopt;
            if (has(options_.script_letters, text[i])) {
                return is_last ? judge_next() : judge(part_of(word, i + 1));
            }
            if (has(options_.value_letters, text[i])) {
                return is_last ? check_value() : std::nullopt;
            }
            if (!has(options_.flag_letters, text[i])) return unknown_word(word, name_);
        }
        return std::nullopt;
    }

    Verdict check_value()
    {
        if (++at_ >= words_.size()) return std::nullopt;
        const auto& value = words_[at_];
        if (!holds_names(value)) return misuse(value, handed_to_a_shell);
        if (!value.has_parameter() && !value.is_fixed) return unknown_word(value, name_);
        return std::nullopt;
    }

    Verdict check_operand(const TemplateWord& word)
    {
        if (!has_script_) return judge(word);
        const bool is_text = std::ranges::any_of(word.parameters, [](const auto* one) {
            return one->type == CommandParameter::Type::text;
        });
        // awk takes a file called a=b for an assignment.
        return is_text ? Verdict{misuse(word, handed_to_a_shell)} : std::nullopt;
    }

    static TemplateWord part_of(const TemplateWord& word, std::size_t from)
    {
        auto part = word;
        part.literal.erase(0, from);
        return part;
    }

    Verdict judge_next() { return ++at_ < words_.size() ? judge(words_[at_]) : std::nullopt; }

    Verdict judge(const TemplateWord& script)
    {
        has_script_ = true;
        if (!holds_numbers(script)) return misuse(script, handed_to_a_shell);
        if (!script.has_parameter() && !script.is_fixed) return unknown_word(script, name_);
        const bool is_harmless =
            is_sed_ ? is_harmless_sed(script.literal) : is_harmless_awk(script.literal);
        if (is_harmless) return std::nullopt;
        return misuse(script, "what a parameter chooses reaches a script of " + quote(name_) +
                                  " that may run programs or write files");
    }

    const Words words_;
    const std::string_view name_;
    const bool is_sed_;
    const ScriptOptions options_;
    std::size_t at_{0};
    bool has_script_{false};
};

// --- tar --------------------------------------------------------------------------------------

/// Whether one word of options of tar runs, obeys or writes something.
bool is_refused_by_tar(std::string_view text, bool is_first)
{
    constexpr std::string_view names =
        "--to-command,--checkpoint-action,--info-script,--new-volume-script,--rsh-command,"
        "--rmt-command,--use-compress-program,--files-from,--listed-incremental,--index-file,--"
        "volno-file";
    if (text.starts_with("--")) {
        const auto name = text.substr(0, text.find('='));
        if (is_listed(name, "--checkpoint,--file,--list") || name.size() < 4) return false;
        return any_listed(names, [&](std::string_view one) { return one.starts_with(name); });
    }
    if (!text.starts_with('-') && !is_first) return false;  // no option
    // In -f and -C the rest of the word is a value; `xfT` has the letters of three.
    const auto end = text.starts_with('-') ? text.find_first_of("fCbHKLNVX") : text.npos;
    return text.substr(0, end).find_first_of("FTgI") != std::string_view::npos;
}

}  // namespace

Verdict check_script_program(Words words, std::string_view name)
{
    return ScriptWords{words, name}.check();
}

Verdict check_tar(Words words)
{
    constexpr auto refused = std::to_array<std::string_view>(
        {"--use-compress-program", "--to-command", "--checkpoint-action", "--info-script",
         "--new-volume-script", "--rsh-command", "--rmt-command", "--files-from", "--exclude-from",
         "--listed-incremental", "--index-file", "--volno-file"});
    constexpr std::string_view letters = "IFTXg";
    // As in `tar xfT`: the values of such letters follow in their order.
    const bool is_bundle = words.size() > 1 && !words[1].literal.starts_with('-') &&
                           words[1].literal.find_first_of(letters) != std::string::npos;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter()) {
            // Lists of files hold options, too; scripts may lie where a value says.
            if (!is_refused_by_tar(word.literal, at == 1)) continue;
            return misuse(word, "beside a parameter " + quote(word.literal) +
                                    " of \"tar\" could run, obey or write what a value says");
        }
        const std::string_view before{words[at - 1].literal};
        const bool is_option =
            at == 1 || is_bundle || !words[at - 1].is_fixed ||
            (before.starts_with("--") && before != "--file" &&
             std::ranges::any_of(refused, [&](auto name) { return name.starts_with(before); })) ||
            (before.starts_with('-') && !before.starts_with("--") &&
             letters.find(before.back()) != std::string_view::npos);
        // tar runs ssh for an archive called host:file.
        if (is_option || !holds_paths(word) || is_piped(word)) {
            return misuse(word, "a parameter of \"tar\" must be a path, and no option");
        }
    }
    return std::nullopt;
}

}  // namespace tailops::tools
