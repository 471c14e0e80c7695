#include "targets/ssh/quoting.hpp"

#include "gateway/core/text.hpp"

namespace tailops::targets::ssh {

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

Result<std::string> shell_line(std::span<const std::string> argv, std::string_view preamble)
{
    if (argv.empty() || argv.front().empty()) {
        return fail(Errc::invalid_argument, "there is no program to run");
    }
    if (argv.front().starts_with('-')) {
        return fail(Errc::invalid_argument,
                    "the program name " + quote(argv.front()) + " begins with \"-\"");
    }
    std::string line{preamble};
    line += "exec";
    for (const auto& word : argv) {
        if (word.find('\0') != std::string::npos) {
            return fail(Errc::invalid_argument,
                        "the argument " + quote(word) + " contains a NUL byte");
        }
        line += ' ';
        line += shell_word(word);
        if (line.size() > shell_line_bytes_max) {
            return fail(Errc::invalid_argument, "the command line is longer than " +
                                                    std::to_string(shell_line_bytes_max) +
                                                    " bytes, which no target accepts");
        }
    }
    return line;
}

}  // namespace tailops::targets::ssh
