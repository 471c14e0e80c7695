#include "gateway/tools/script_text.hpp"

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
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '|') continue;
        if (at + 1 < text.size() && text[at + 1] == '|') {
            ++at;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace tailops::tools
