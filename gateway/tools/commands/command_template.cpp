#include "gateway/tools/commands/command_template.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/commands/command_programs.hpp"
#include "gateway/tools/commands/shell_grammar.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using Piece = CatalogueCommand::Piece;
using Failure = std::unexpected<TemplateProblem>;

/// Reads a template once, from left to right, as a POSIX shell would (section 2.3, token
/// recognition).
class Scanner {
public:
    Scanner(std::string_view text, const std::vector<CommandParameter>& parameters, Trust trust)
        : text_{text},
          parameters_{parameters},
          trust_{trust}
    {
    }

    std::expected<CompiledTemplate, TemplateProblem> compile()
    {
        // What runs the command reads up to it, and would run another template than was checked.
        if (const auto nul = text_.find('\0'); nul != text_.npos) {
            return Failure{{nul, "a template cannot hold a NUL byte"}};
        }
        while (at_ < text_.size() && !problem_) step();
        end_word();
        end_command();
        if (problem_) return Failure{*problem_};
        if (words_.empty()) return Failure{{0, "the template is empty"}};
        if (quote_ != '\0') return Failure{{quote_begin_, "this quote is never closed"}};
        if (needs_shell_ && partial_) {
            return Failure{{*partial_,
                            "a parameter must be a word of its own in a template that "
                            "needs a shell"}};
        }
        if (auto misuse = find_any_misuse()) return Failure{*std::move(misuse)};
        out_.commands = std::move(commands_);
        out_.is_read = !grammar_;
        return needs_shell_ ? as_script() : as_words();
    }

private:
    struct Word {
        std::size_t begin{0};
        std::vector<Piece> pieces{};
        bool has_parameter{false};
        bool is_fixed{true};
        bool is_bare{true};
        bool has_brace{false};
        bool is_pattern{false};
    };
    struct Use {
        std::size_t begin, end;
        std::string parameter;
    };

    void refuse(std::size_t offset, std::string text)
    {
        if (!problem_) problem_ = TemplateProblem{offset, std::move(text)};
    }

    /// What the shell evaluates once more, or reads otherwise than we do: no place beside a value.
    void note_grammar(std::size_t offset, std::string_view what)
    {
        if (grammar_) return;
        grammar_ = TemplateProblem{.offset = offset,
                                   .text = std::string{what} + " cannot stand beside a parameter",
                                   .can_be_trusted = true};
    }

    std::optional<TemplateProblem> find_any_misuse() const
    {
        if (trust_ == Trust::given || out_.used.empty()) return std::nullopt;
        // The first of both is the one to show.
        auto misuse = find_misuse(commands_);
        if (grammar_ && (!misuse || grammar_->offset <= misuse->offset)) return grammar_;
        return misuse;
    }

    char next(std::size_t ahead = 1) const
    {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    /// `$`, outside single quotes.
    void note_dollar()
    {
        word_.is_fixed = false;
        const char c = next() == '{' ? next(2) : next();
        // Our values are the script's positional parameters.
        constexpr std::string_view of_values = "0123456789@*#!";
        if (next() == '(') {
            note_grammar(at_, "a command substitution");
        } else if (next() == '\'' || (next() == '"' && quote_ == '\0')) {
            note_grammar(at_, "a quote after $");
        } else if (c != '\0' && of_values.find(c) != std::string_view::npos) {
            note_grammar(at_, "a positional parameter of the shell");
        }
    }

    void step()
    {
        const char c = text_[at_];
        if (c == '{' && take_placeholder()) return;
        if (c == '\\' && next() == '\n' && quote_ != '\'') {  // a line goes on
            at_ += 2;
            needs_shell_ = true;
            return;
        }
        if (quote_ == '\'') {
            c == '\'' ? close_quote() : add(c);
        } else if (quote_ == '"') {
            step_in_double_quotes(c);
        } else {
            step_outside_quotes(c);
        }
        ++at_;
    }

    void step_in_double_quotes(char c)
    {
        if (c == '"') return close_quote();
        if (c == '$' || c == '`') needs_shell_ = true;
        if (c == '$') note_dollar();
        if (c == '`') note_grammar(at_, "a command substitution");
        constexpr std::string_view escapable = "$`\"\\";
        if (c == '\\' && at_ + 1 < text_.size() &&
            escapable.find(text_[at_ + 1]) != escapable.npos) {
            c = text_[++at_];
        }
        add(c);
    }

    void step_outside_quotes(char c)
    {
        constexpr std::string_view special = "$*?[";
        if (c == '\'' || c == '"') {
            begin_word();
            word_.is_bare = false;
            quote_ = c;
            quote_begin_ = at_;
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            add(text_[++at_]);
            word_.is_bare = false;
        } else if (is_blank(c)) {
            end_word();
        } else if (operators.find(c) != operators.npos) {
            take_operator(c);
        } else {
            add_bare(c, special.find(c) != special.npos);
        }
    }

    void add_bare(char c, bool is_special)
    {
        const bool is_first = !in_word_;
        if (is_special || (is_first && (c == '~' || c == '#'))) needs_shell_ = true;
        if (c == '=' && words_.empty()) needs_shell_ = true;  // a variable for the command
        if (is_first && c == '#') note_grammar(at_, "a comment");
        add(c);
        if (c == '$') {
            note_dollar();
        } else if (is_special || (is_first && c == '~')) {
            word_.is_fixed = false;
            word_.is_pattern = word_.is_pattern || is_special;
        }
        if (c == '{') word_.has_brace = true;
    }

    /// Parentheses and substitutions that are more than a group of commands.
    void note_operator(char c)
    {
        if (c == '`') note_grammar(at_, "a command substitution");
        if ((c == '<' || c == '>') && next() == '(') note_grammar(at_, "a process substitution");
        if (c != '(') return;
        const auto& words = command_.words;
        const bool is_group =
            !in_word_ && (words.empty() || (words.back().is_bare && !words.back().has_parameter() &&
                                            is_one_of(words.back().literal, keywords)));
        if (!is_group || next() == '(') note_grammar(at_, "this parenthesis");
    }

    void end_command()
    {
        if (!command_.words.empty()) commands_.push_back(std::move(command_));
        command_ = {};
    }

    void take_operator(char c)
    {
        note_operator(c);
        const bool is_descriptor =
            (c == '<' || c == '>') && in_word_ && word_.is_bare && word_.pieces.size() == 1 &&
            word_.pieces[0].literal.find_first_not_of("0123456789") == std::string::npos &&
            !word_.has_parameter;
        end_word();
        if (is_descriptor && !command_.words.empty()) command_.words.pop_back();
        needs_shell_ = true;
        if (c == '<' && at_ + 1 < text_.size() && text_[at_ + 1] == '<') {
            refuse(at_, "here-documents are not supported in a command template");
        }
        after_redirection_ = c == '<' || c == '>' || (c == '&' && after_redirection_);
        if (!after_redirection_) end_command();
    }

    void begin_word()
    {
        if (in_word_) return;
        in_word_ = true;
        word_ = Word{.begin = at_};
    }

    void add(char c)
    {
        begin_word();
        if (word_.pieces.empty() || !word_.pieces.back().parameter.empty()) {
            word_.pieces.emplace_back();
        }
        word_.pieces.back().literal += c;
    }

    void close_quote()
    {
        quote_ = '\0';
        begin_word();
        if (word_.pieces.empty()) word_.pieces.emplace_back();  // '' is a word
    }

    void end_word()
    {
        if (!in_word_) return;
        in_word_ = false;
        check_word();
        note_word();
        words_.push_back(std::move(word_));
    }

    /// Makes the word one of the command that is being read.
    void note_word()
    {
        const auto alone = word_.pieces.size() == 1 ? std::string_view{word_.pieces[0].literal}
                                                    : std::string_view{};
        if (words_.empty() && is_one_of(alone, shell_words)) needs_shell_ = true;
        if (after_redirection_) {
            after_redirection_ = false;  // a file name says nothing of the command
            return;
        }
        TemplateWord word{.offset = word_.begin};
        for (const auto& piece : word_.pieces) {
            word.literal += piece.literal;
            if (!piece.parameter.empty()) word.parameters.push_back(find(piece.parameter));
        }
        const bool is_test = word_.is_bare && word.literal == "[" && !word_.has_parameter;
        const bool may_become_many =
            word_.has_brace && (word.literal.find(',') != std::string::npos ||
                                word.literal.find("..") != std::string::npos);
        word.is_fixed = !word_.has_parameter && (word_.is_fixed || is_test) && !may_become_many;
        word.is_bare = word_.is_bare;
        word.is_pattern = word_.is_pattern && !is_test;
        word.pieces = word_.pieces;
        const auto& before = command_.words;
        const bool begins =
            before.empty() || (before.back().is_bare && is_one_of(before.back().literal, keywords));
        if (word.is_bare && begins && is_one_of(word.literal, grammar_words)) {
            note_grammar(word.offset, quote(word.literal));
        }
        command_.words.push_back(std::move(word));
    }

    void check_word()
    {
        if (!word_.has_parameter) return;
        if (after_redirection_) {
            return refuse(word_.begin, "a parameter cannot be the target of a redirection");
        }
        if (word_.pieces.front().literal.starts_with('-')) {
            return refuse(word_.begin,
                          "a parameter cannot be part of an option; make it a word of its own");
        }
    }

    /// `{name}`, but neither `{}`, `{{…}}` nor `${name}`. True when it was one, good or bad.
    bool take_placeholder()
    {
        auto end = at_ + 1;
        while (end < text_.size() && is_identifier_character(text_[end])) ++end;
        const bool is_closed = end > at_ + 1 && end < text_.size() && text_[end] == '}';
        const char before = at_ > 0 ? text_[at_ - 1] : ' ';
        const char after = is_closed && end + 1 < text_.size() ? text_[end + 1] : ' ';
        if (!is_closed || before == '{' || after == '}') return false;
        const std::string name{text_.substr(at_ + 1, end - at_ - 1)};
        const auto* parameter = find(name);
        if (before == '$') {
            if (parameter) refuse(at_, "write {" + name + "}, not ${" + name + "}");
            return false;
        }
        place(name, parameter, end + 1);
        at_ = end + 1;
        return true;
    }

    void place(const std::string& name, const CommandParameter* parameter, std::size_t end)
    {
        using Type = CommandParameter::Type;
        if (!parameter) return refuse(at_, "the parameter " + quote(name) + " is not declared");
        if (quote_ != '\0') {
            return refuse(at_,
                          "{" + name + "} must stand outside quotes; values are quoted for you");
        }
        const auto follows_as_a_word = [&] {
            return end == text_.size() || is_blank(text_[end]) ||
                   operators.find(text_[end]) != operators.npos;
        };
        const bool stands_alone = !in_word_ && follows_as_a_word();
        if (!stands_alone && parameter->type != Type::name && parameter->type != Type::integer) {
            return refuse(at_, "{" + name +
                                   "} must be a word of its own: only names and integers "
                                   "can be part of one");
        }
        begin_word();
        word_.pieces.push_back({.literal = {}, .parameter = name});
        word_.has_parameter = true;
        out_.used.insert(name);
        uses_.push_back({at_, end, name});
        if (!stands_alone && !partial_) partial_ = at_;
    }

    const CommandParameter* find(std::string_view name) const
    {
        const auto at = std::ranges::find(parameters_, name, &CommandParameter::name);
        return at == parameters_.end() ? nullptr : &*at;
    }

    CompiledTemplate as_words()
    {
        for (auto& word : words_) out_.argv.push_back(std::move(word.pieces));
        return std::move(out_);
    }

    CompiledTemplate as_script()
    {
        std::vector<std::string> order;
        std::string script;
        std::size_t from = 0;
        for (const auto& use : uses_) {
            auto position = std::ranges::find(order, use.parameter) - order.begin();
            if (position == std::ssize(order)) order.push_back(use.parameter);
            script += text_.substr(from, use.begin - from);
            script += "\"${" + std::to_string(position + 1) + "}\"";
            from = use.end;
        }
        script += text_.substr(from);
        for (const auto* literal : {"/bin/sh", "-c", script.c_str(), "sh"}) {
            out_.argv.push_back({Piece{.literal = literal, .parameter = {}}});
        }
        for (auto& name : order) out_.argv.push_back({Piece{.literal = {}, .parameter = name}});
        return std::move(out_);
    }

    const std::string_view text_;
    const std::vector<CommandParameter>& parameters_;
    const Trust trust_;
    std::size_t at_{0};
    char quote_{'\0'};
    std::size_t quote_begin_{0};
    bool in_word_{false};
    Word word_;
    std::vector<Word> words_;
    bool needs_shell_{false};
    SimpleCommand command_;
    std::vector<SimpleCommand> commands_;
    bool after_redirection_{false};
    std::optional<std::size_t> partial_;
    std::vector<Use> uses_;
    std::optional<TemplateProblem> problem_;
    std::optional<TemplateProblem> grammar_;
    CompiledTemplate out_;
};

}  // namespace

std::expected<CompiledTemplate, TemplateProblem> compile_template(
    std::string_view text, const std::vector<CommandParameter>& parameters, Trust trust)
{
    return Scanner{text, parameters, trust}.compile();
}

}  // namespace tailops::tools
