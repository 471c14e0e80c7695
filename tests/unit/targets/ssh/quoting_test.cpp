#include "targets/ssh/quoting.hpp"

#include "tests/unit/targets/ssh/rig.hpp"

#include <random>

namespace tailops::targets::ssh {
namespace {

const std::vector<std::string> nasty{
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
std::string expected(const std::vector<std::string>& arguments)
{
    std::string text;
    for (const auto& argument : arguments) text.append(argument).push_back('\0');
    return text;
}

std::vector<std::string> printing(const std::vector<std::string>& arguments)
{
    std::vector<std::string> argv{"printf", "%s\\0"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

std::string through_shell(const std::string& line)
{
    const testing::TemporaryDirectory directory;
    testing::run_program({"/bin/sh", "-c", line}, directory.file("out"));
    return testing::read_text(directory.file("out"));
}

/// 400 arguments of up to 40 random bytes, rich in what shells care about. The seed is fixed.
std::vector<std::string> random_arguments()
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

TEST(SshQuoting, WritesEachElementInSingleQuotes)
{
    const std::vector<std::string> argv{"systemctl", "restart", "it's"};
    EXPECT_EQ(shell_line(argv).value(), R"(exec 'systemctl' 'restart' 'it'\''s')");
}

TEST(SshQuoting, SurvivesARealShell)
{
    EXPECT_EQ(through_shell(shell_line(printing(nasty)).value()), expected(nasty));
}

TEST(SshQuoting, SurvivesARealShellWithRandomBytes)
{
    const auto arguments = random_arguments();
    EXPECT_EQ(through_shell(shell_line(printing(arguments)).value()), expected(arguments));
}

TEST(SshQuoting, SurvivesARealSshServer)
{
    const OpenSshServer server;
    const Rig rig{server};
    for (const auto& arguments : {nasty, random_arguments()}) {
        const auto result = run_once(rig, printing(arguments));
        ASSERT_TRUE(result) << why(result);
        EXPECT_EQ(result->output, expected(arguments));
        EXPECT_EQ(result->diagnostics, "");
    }
}

TEST(SshQuoting, RefusesWhatNoShellCanRun)
{
    const auto code = [](const std::vector<std::string>& argv) {
        const auto line = shell_line(argv);
        return line ? "accepted" : std::string{to_string(line.error().code())};
    };
    EXPECT_EQ(code({}), "invalid_argument");
    EXPECT_EQ(code({""}), "invalid_argument");
    EXPECT_EQ(code({"-x"}), "invalid_argument");
    EXPECT_EQ(code({"ls", "-x"}), "accepted");
    EXPECT_EQ(code({"ls", std::string("a\0b", 3)}), "invalid_argument");
    // `exec 'ls' '` and the last quote take 12 bytes.
    EXPECT_EQ(code({"ls", std::string(shell_line_bytes_max - 12, 'x')}), "accepted");
    EXPECT_EQ(code({"ls", std::string(shell_line_bytes_max - 11, 'x')}), "invalid_argument");
}

TEST(SshQuoting, TheLongestLineIsOneThatLinuxAccepts)
{
    const OpenSshServer server;
    const Rig rig{server};
    const std::string longest(shell_line_bytes_max - 16, 'x');  // exec 'expr' …
    const auto result = run_once(rig, {"true", longest});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
}

}  // namespace
}  // namespace tailops::targets::ssh
