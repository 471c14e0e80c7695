#include "targets/ssh/quoting.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::targets::ssh {
namespace {

bool is_plain(char c)
{
    constexpr std::string_view further = "/._-,:=@+";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           further.find(c) != further.npos;
}

/// `argument` as a word of the script: bare when it may be, so that logs on the target can be read.
std::string script_word(std::string_view argument)
{
    const bool is_bare = !argument.empty() && std::ranges::all_of(argument, is_plain);
    return is_bare ? std::string{argument} : shell_word(argument);
}

void add_octal(std::string& line, unsigned char byte)
{
    line += "\\0";
    line += static_cast<char>('0' + (byte >> 6U));
    line += static_cast<char>('0' + ((byte >> 3U) & 7U));
    line += static_cast<char>('0' + (byte & 7U));
}

}  // namespace

std::string shell_word(std::string_view text)
{
    std::string word;
    word.reserve(text.size() + 2);
    word += '\'';
    for (const char c : text) {
        if (c == '\'') {
            word += R"('\'')";  // close, an escaped quote, open again
        } else {
            word += c;
        }
    }
    word += '\'';
    return word;
}

std::string login_line(std::string_view script)
{
    std::string line{R"line(exec /bin/sh -c 'eval "$(printf %b "$1")"' sh ')line"};
    line.reserve(line.size() + script.size() + script.size() / 4 + 1);
    for (const char c : script) {
        if (is_plain(c) || c == ' ') {
            line += c;
        } else {
            add_octal(line, static_cast<unsigned char>(c));
        }
    }
    line += '\'';
    return line;
}

Result<std::string> shell_line(std::span<const std::string> argv, std::string_view preamble)
{
    if (argv.empty() || argv.front().empty()) {
        return fail(Errc::invalid_argument, "there is no program to run");
    }
    if (argv.front().starts_with('-')) {
        return fail(Errc::invalid_argument,
                    "the program name " + quote(argv.front()) + " begins with \"-\"");
    }
    const auto too_long = [] {
        return fail(Errc::invalid_argument, "the command line is longer than " +
                                                std::to_string(shell_line_bytes_max) +
                                                " bytes, which no target accepts");
    };
    std::string script{preamble};
    script += "exec";
    for (const auto& word : argv) {
        if (word.find('\0') != std::string::npos) {
            return fail(Errc::invalid_argument,
                        "the argument " + quote(word) + " contains a NUL byte");
        }
        if (script.size() + word.size() > shell_line_bytes_max) return too_long();
        script += ' ';
        script += script_word(word);
    }
    auto line = login_line(script);
    if (line.size() > shell_line_bytes_max) return too_long();
    return line;
}

}  // namespace tailops::targets::ssh
