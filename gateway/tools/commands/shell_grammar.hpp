#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

/// What the reader of command templates knows of a shell's grammar.
namespace tailops::tools {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& list)
{
    return std::ranges::find(list, word) != list.end();
}

/// Words that a shell understands itself: a template that begins with one needs the shell.
inline constexpr auto shell_words = std::to_array<std::string_view>(
    {"!",       "{",    "if",     "for",   "while",  "until", "case",  "cd",
     "command", "type", "ulimit", "umask", "export", "set",   "unset", "eval",
     "exec",    "trap", "wait",   "read",  "alias",  "."});
/// Words with which a part of shell grammar begins that is not read here.
inline constexpr auto grammar_words =
    std::to_array<std::string_view>({"[[", "case", "for", "select", "function", "coproc", "alias"});
/// Words after which a command begins, or another such word.
inline constexpr auto keywords = std::to_array<std::string_view>(
    {"!", "{", "if", "then", "else", "elif", "while", "until", "do", "time"});

/// Characters that end a word and stand for themselves.
inline constexpr std::string_view operators = "|&;()<>`\n";

inline bool is_identifier_character(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

}  // namespace tailops::tools
