#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets::ssh {

/// Arguments that some shell or other would read as more than text.
inline const std::vector<std::string> nasty{
    // What shells other than POSIX ones read in quotes: fish, csh, zsh, rc, cmd.
    "\\'",
    "a\\'(id) #",
    "a;id;echo '",
    "a'`id`'",
    "a\\\nb\\",
    "\\!x !x",
    "a!b'!!'",
    "(id)",
    "^a^b",
    "%self %1",
    "=ls",
    "a^b",
    "%PATH%",
    "$argv[1]",
    "{$HOME}",
    "'''a'''",
    "\xef\x98\x90\xef\xb7\x90",  // what fish uses for itself
    "\\0101\\c",
    "7",
    "",
    " ",
    "'",
    "''",
    "'\\''",
    "\"",
    "\\",
    "\\\\'",
    "a b  c",
    "line one\nline two\n",
    "\ttab\t",
    "\r\n",
    "$(id)",
    "`id`",
    "$HOME",
    "${HOME}",
    "$((1+1))",
    "*",
    "/etc/*",
    "?",
    "[a-z]",
    "{a,b}",
    "~",
    "~root",
    "-n",
    "--",
    "-rf",
    "!",
    "!!",
    "!$",
    "; id",
    "& id",
    "| id",
    "> /tmp/x",
    "< /etc/passwd",
    "#comment",
    "a=b",
    "(",
    ")",
    "\x01\x02\x7f",
    "\x1b[31m",
    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
    "\xff\xfe\x80\x81\x82\x88",  // not UTF-8, and what dash uses for itself
    "\xc3",
    "%s%n",
    "\\n\\t\\0",
};

/// `arguments` as `printf '%s\0'` on the other side shows them: each followed by a NUL.
inline std::string expected(const std::vector<std::string>& arguments)
{
    std::string text;
    for (const auto& argument : arguments) text.append(argument).push_back('\0');
    return text;
}

inline std::vector<std::string> printing(const std::vector<std::string>& arguments)
{
    std::vector<std::string> argv{"printf", "%s\\0"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

/// 400 arguments of up to 40 random bytes, rich in what shells care about. The seed is fixed.
inline std::vector<std::string> random_arguments()
{
    std::mt19937 random{20261120};
    const std::string_view special{"'\"\\$`!*?[]{}()<>|&;#~=%- \t\n"};
    std::vector<std::string> arguments(400);
    for (auto& argument : arguments) {
        for (auto left = random() % 40; left > 0; --left) {
            const bool is_special = random() % 2 == 0;
            argument += is_special ? special[random() % special.size()]
                                   : static_cast<char>(1 + random() % 255);
        }
    }
    return arguments;
}

}  // namespace tailops::targets::ssh
