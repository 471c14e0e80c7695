#include "targets/ssh/quoting.hpp"

#include "tests/unit/targets/ssh/nasty.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

namespace tailops::targets::ssh {
namespace {

std::string through_shell(const std::string& line)
{
    const testing::TemporaryDirectory directory;
    testing::run_program({"/bin/sh", "-c", line}, directory.file("out"));
    return testing::read_text(directory.file("out"));
}

TEST(SshQuoting, ShowsAnyLoginShellOneConstantTextAndOnePlainWord)
{
    const std::string before{R"line(exec /bin/sh -c 'eval "$(printf %b "$1")"' sh ')line"};
    const std::vector<std::string> plain{"systemctl", "restart", "nginx.service"};
    EXPECT_EQ(shell_line(plain).value(), before + "exec systemctl restart nginx.service'");
    const std::vector<std::string> argv{"echo", "it's", ""};
    EXPECT_EQ(shell_line(argv).value(),
              before + R"(exec echo \0047it\0047\0134\0047\0047s\0047 \0047\0047')");
    for (const auto& arguments : {nasty, random_arguments()}) {
        auto line = shell_line(printing(arguments)).value();
        ASSERT_TRUE(line.starts_with(before));
        const auto word = line.substr(before.size());
        EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789 /._-,:=@+\\"),
                  word.size() - 1);
        for (auto at = word.find('\\'); at != word.npos; at = word.find('\\', at + 1)) {
            EXPECT_GE(word.find_first_not_of("01234567", at + 1), at + 5) << word.substr(at, 8);
        }
    }
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
    const auto room = shell_line_bytes_max - login_line("exec ls ").size();
    EXPECT_EQ(code({"ls", std::string(room, 'x')}), "accepted");
    EXPECT_EQ(code({"ls", std::string(room + 1, 'x')}), "invalid_argument");
    EXPECT_EQ(code({"ls", std::string(room / 5 - 3, '!')}), "accepted");
    EXPECT_EQ(code({"ls", std::string(room / 5, '!')}), "invalid_argument");
}

TEST(SshQuoting, TheLongestLineIsOneThatLinuxAccepts)
{
    const OpenSshServer server;
    const Rig rig{server};
    const auto room = shell_line_bytes_max - login_line("exec true ").size();
    const auto result = run_once(rig, {"true", std::string(room, 'x')});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
}

}  // namespace
}  // namespace tailops::targets::ssh
