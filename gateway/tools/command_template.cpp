#include "gateway/tools/command_template.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using Piece = CatalogueCommand::Piece;
using Failure = std::unexpected<TemplateProblem>;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& list)
{
    return std::ranges::find(list, word) != list.end();
}

/// Words that a shell understands itself: a template that begins with one needs the shell.
constexpr auto shell_words = std::to_array<std::string_view>(
    {"!",       "{",    "if",     "for",   "while",  "until", "case",  "cd",
     "command", "type", "ulimit", "umask", "export", "set",   "unset", "eval",
     "exec",    "trap", "wait",   "read",  "alias",  "."});
/// Words after which the next word is a program again.
constexpr auto wrappers = std::to_array<std::string_view>(
    {"!",     "{",       "if",      "then",   "else",  "elif",     "do",   "while",  "until",
     "time",  "exec",    "env",     "sudo",   "doas",  "nohup",    "nice", "ionice", "setsid",
     "xargs", "timeout", "command", "chroot", "-exec", "-execdir", "-ok",  "-okdir"});
/// Programs that read a program from their arguments.
constexpr auto interpreters = std::to_array<std::string_view>(
    {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "eval", "source", ".", "python",
     "python3", "perl", "ruby", "lua", "php", "node", "awk", "expect"});
/// Programs that hand their arguments to a shell, here or elsewhere: names and integers pass it
/// unchanged, free text does not.
constexpr auto relays = std::to_array<std::string_view>(
    {"ssh", "su", "watch", "parallel", "script", "flock", "at", "batch"});

bool is_identifier_character(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/// Reads a template once, from left to right, as a POSIX shell would (section 2.3, token
/// recognition).
class Scanner {
public:
    Scanner(std::string_view text, const std::vector<CommandParameter>& parameters)
        : text_{text},
          parameters_{parameters}
    {
    }

    std::expected<CompiledTemplate, TemplateProblem> compile()
    {
        while (at_ < text_.size() && !problem_) step();
        end_word();
        if (problem_) return Failure{*problem_};
        if (words_.empty()) return Failure{{0, "the template is empty"}};
        if (quote_ != '\0') return Failure{{quote_begin_, "this quote is never closed"}};
        return needs_shell_ ? as_script() : as_words();
    }

private:
    struct Word {
        std::size_t begin{0};
        std::vector<Piece> pieces{};
        bool has_parameter{false};
    };
    struct Use {
        std::size_t begin, end;
        std::string parameter;
    };

    void refuse(std::size_t offset, std::string text)
    {
        if (!problem_) problem_ = TemplateProblem{offset, std::move(text)};
    }

    void step()
    {
        const char c = text_[at_];
        if (c == '{' && take_placeholder()) return;
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
        constexpr std::string_view escapable = "$`\"\\";
        if (c == '\\' && at_ + 1 < text_.size() &&
            escapable.find(text_[at_ + 1]) != escapable.npos) {
            c = text_[++at_];
        }
        add(c);
    }

    void step_outside_quotes(char c)
    {
        constexpr std::string_view operators = "|&;()<>`\n";
        constexpr std::string_view special = "$*?[";
        if (c == '\'' || c == '"') {
            begin_word();
            quote_ = c;
            quote_begin_ = at_;
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            add(text_[++at_]);
        } else if (is_blank(c)) {
            end_word();
        } else if (operators.find(c) != operators.npos) {
            take_operator(c);
        } else {
            if (special.find(c) != special.npos) needs_shell_ = true;
            if ((c == '~' || c == '#') && !in_word_) needs_shell_ = true;
            if (c == '=' && words_.empty()) needs_shell_ = true;  // a variable for the command
            add(c);
        }
    }

    void take_operator(char c)
    {
        end_word();
        needs_shell_ = true;
        if (c == '<' && at_ + 1 < text_.size() && text_[at_ + 1] == '<') {
            refuse(at_, "here-documents are not supported in a command template");
        }
        after_redirection_ = c == '<' || c == '>' || (c == '&' && after_redirection_);
        if (!after_redirection_) {
            expects_program_ = true;
            has_interpreter_ = has_relay_ = false;
        }
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

    /// What this word means for those that follow in the same simple command.
    void note_word()
    {
        const auto literal = word_.pieces.size() == 1 ? std::string_view{word_.pieces[0].literal}
                                                      : std::string_view{};
        if (words_.empty() && is_one_of(literal, shell_words)) needs_shell_ = true;
        const auto name = literal.substr(literal.rfind('/') + 1);
        if (is_one_of(name, interpreters) && expects_program_) has_interpreter_ = true;
        if (is_one_of(name, relays) && expects_program_) has_relay_ = true;
        const bool is_assignment = expects_program_ && literal.find('=') != literal.npos;
        // What may stand between a wrapper and its program: `env -i`, `timeout 5`.
        const bool is_setting =
            !literal.empty() && (literal[0] == '-' || (literal[0] >= '0' && literal[0] <= '9'));
        if (after_redirection_) {
            after_redirection_ = false;  // a file name says nothing of the command
        } else if (is_one_of(name, wrappers)) {
            expects_program_ = true;
        } else if (!is_assignment && !(is_setting && expects_program_)) {
            expects_program_ = false;
        }
    }

    void check_word()
    {
        if (!word_.has_parameter) return;
        if (after_redirection_) {
            return refuse(word_.begin, "a parameter cannot be the target of a redirection");
        }
        if (expects_program_) return refuse(word_.begin, "a parameter cannot choose the program");
        if (has_interpreter_ || (has_relay_ && has_free_text())) {
            return refuse(word_.begin, "a parameter cannot be handed to a shell or an interpreter");
        }
        if (word_.pieces.front().literal.starts_with('-')) {
            return refuse(word_.begin,
                          "a parameter cannot be part of an option; make it a word of its own");
        }
    }

    /// Whether the word holds a value that a shell would not read as one word.
    bool has_free_text() const
    {
        return std::ranges::any_of(word_.pieces, [this](const Piece& piece) {
            const auto* parameter = find(piece.parameter);
            return parameter && parameter->type != CommandParameter::Type::name &&
                   parameter->type != CommandParameter::Type::integer;
        });
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
        const bool stands_alone =
            !in_word_ && (end == text_.size() || is_blank(text_[end]) || text_[end] == '\n');
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

    std::expected<CompiledTemplate, TemplateProblem> as_script()
    {
        if (partial_) {
            return Failure{{*partial_,
                            "a parameter must be a word of its own in a template that "
                            "needs a shell"}};
        }
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
    std::size_t at_{0};
    char quote_{'\0'};
    std::size_t quote_begin_{0};
    bool in_word_{false};
    Word word_;
    std::vector<Word> words_;
    bool needs_shell_{false};
    bool expects_program_{true};
    bool has_interpreter_{false};
    bool has_relay_{false};
    bool after_redirection_{false};
    std::optional<std::size_t> partial_;
    std::vector<Use> uses_;
    std::optional<TemplateProblem> problem_;
    CompiledTemplate out_;
};

}  // namespace

std::expected<CompiledTemplate, TemplateProblem> compile_template(
    std::string_view text, const std::vector<CommandParameter>& parameters)
{
    return Scanner{text, parameters}.compile();
}

}  // namespace tailops::tools
