#include "gateway/tools/commands/script_text.hpp"

#include <algorithm>
#include <cstddef>

namespace tailops::tools {
namespace {

/// Reads a sed script of addresses and commands that only print, delete, substitute and move on:
/// no `e`, `w`, `r` or `s///e`, which run and write.
class SedScript {
public:
    explicit SedScript(std::string_view text) : text_{text} {}

    bool is_harmless()
    {
        while (at_ < text_.size()) {
            if (!skip_address() || !skip_command()) return false;
        }
        return true;
    }

private:
    char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip(std::string_view characters)
    {
        while (at_ < text_.size() && characters.find(text_[at_]) != std::string_view::npos) ++at_;
    }
    /// To the end of a set that begins here. False when sed programs differ on where that is.
    bool skip_set(char delimiter)
    {
        if (text_.substr(at_).starts_with("[]") || text_.substr(at_).starts_with("[^]"))
            return false;
        const auto end = text_.find(']', at_ + 2);
        if (end == std::string_view::npos) return false;
        const auto set = text_.substr(at_, end - at_);
        if (set.find(delimiter) != set.npos || set.find('\\') != set.npos) return false;
        at_ = end;
        return true;
    }
    /// Up to and over the next `end` that no backslash stands before.
    bool skip_to(char end)
    {
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '[' && !skip_set(end)) return false;
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == end) {
                ++at_;
                return true;
            }
        }
        return false;
    }
    bool skip_address()
    {
        skip(" ;\n{}");
        for (;;) {
            if (now() == '/') {
                ++at_;
                if (!skip_to('/')) return false;
                skip("I");
            }
            skip("0123456789$~");
            if (now() != ',') break;
            ++at_;
        }
        skip(" !{");
        return true;
    }
    bool skip_command()
    {
        if (at_ >= text_.size()) return true;
        const char command = text_[at_++];
        constexpr std::string_view plain = "pPdDqQnNgGhHx=lz";
        if (plain.find(command) != std::string_view::npos) {
            skip("0123456789 ");
        } else if (command == 's' || command == 'y') {
            const char end = now();
            ++at_;
            if (end == '\0' || end == '\\' || end == '\n') return false;
            if (!skip_to(end) || !skip_to(end)) return false;
            skip("gpiIM0123456789 ");
        } else {
            return false;
        }
        return at_ >= text_.size() || now() == ';' || now() == '\n' || now() == '}';
    }

    std::string_view text_;
    std::size_t at_{0};
};

/// Reads the tokens of an awk program for what writes or runs: `print > FILE`, and any pipe. What
/// kinds of awk read differently (a bracket in a regular expression, a division behind a
/// parenthesis) is not harmless.
class AwkProgram {
public:
    explicit AwkProgram(std::string_view text) : text_{text} {}

    bool is_harmless()
    {
        while (at_ < text_.size()) {
            if (!skip_token()) return false;
        }
        return true;
    }

private:
    /// What the token before decides: whether a slash divides or begins a regular expression.
    enum class Before { operand, operation, either };

    char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    static bool is_of_word(char c)
    {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9');
    }

    bool skip_token()
    {
        const char c = now();
        if (c == ' ' || c == '\t' || c == '\r') return ++at_, true;
        if (c == '#') return at_ = std::min(text_.find('\n', at_), text_.size()), true;
        if (c == '"') return skip_quoted('"');
        if (c == '/' && before_ == Before::either) return false;
        if (c == '/' && before_ == Before::operation) return skip_quoted('/');
        if (is_of_word(c)) return skip_word();
        return skip_sign(c);
    }

    /// A text or a regular expression.
    bool skip_quoted(char end)
    {
        bool is_in_set = false;
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\n') return false;
            if (c == '\\') {
                ++at_;
            } else if (c == end) {
                ++at_;
                before_ = Before::operand;
                return !is_in_set;
            } else if (is_in_set && text_.substr(at_, 2) == "[:") {
                const auto class_end = text_.find(":]", at_ + 2);
                if (class_end == std::string_view::npos) return false;
                at_ = class_end + 1;
            } else if (end == '/' && c == '[') {
                const auto rest = text_.substr(at_ + 1);
                if (rest.starts_with(']') || rest.starts_with("^]")) return false;
                is_in_set = true;
            } else if (end == '/' && c == ']') {
                is_in_set = false;
            }
        }
        return false;
    }

    bool skip_word()
    {
        const auto begin = at_;
        while (is_of_word(now())) ++at_;
        const auto word = text_.substr(begin, at_ - begin);
        const bool prints = word == "print" || word == "printf";
        if (prints) print_depth_ = depth_;
        is_printing_ = is_printing_ || prints;
        const bool is_keyword = prints || word == "return" || word == "in" || word == "else" ||
                                word == "do" || word == "case" || word == "exit";
        before_ = is_keyword ? Before::operation : Before::operand;
        return true;
    }

    bool skip_sign(char c)
    {
        if (c == '|' && text_.substr(at_, 2) != "||") return false;
        if (c == '\\') return false;
        if (c == '>' && is_printing_ && depth_ <= print_depth_) return false;
        if (c == '(') ++depth_;
        if (c == ')') --depth_;
        if (c == ';' || c == '}') is_printing_ = false;
        const auto two = text_.substr(at_, 2);
        before_ = Before::operation;
        if (c == ']') before_ = Before::operand;
        if (c == ')' || two == "++" || two == "--") before_ = Before::either;
        at_ += two == "||" || two == "++" || two == "--" ? 2 : 1;
        return true;
    }

    std::string_view text_;
    std::size_t at_{0};
    Before before_{Before::operation};
    int depth_{0};
    int print_depth_{0};
    bool is_printing_{false};
};

}  // namespace

bool is_harmless_sed(std::string_view text)
{
    return SedScript{text}.is_harmless();
}

bool is_harmless_awk(std::string_view text)
{
    for (const auto* word : {"system", "getline", "@"}) {
        if (text.find(word) != std::string_view::npos) return false;
    }
    return AwkProgram{text}.is_harmless();
}

}  // namespace tailops::tools
