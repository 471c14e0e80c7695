#include "targets/ssh/run_mark.hpp"

#include "targets/ssh/quoting.hpp"
#include "tests/support/sshd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace tailops::targets::ssh {
namespace {

using testing::eventually;
using testing::Program;
using testing::runs_with_argument;

/// A shell by name, as the words that start it.
std::vector<std::string> words_of(std::string_view shell)
{
    if (shell == "busybox") return {"busybox", "sh"};
    return {std::string{shell}};
}

/// Starts `argv` as a server does: marked, by a login shell, in a session of its own.
class RunMarkTest : public ::testing::TestWithParam<const char*> {
protected:
    std::unique_ptr<Program> start(const RunMark& mark, std::vector<std::string> argv) const
    {
        std::vector<std::string> server{"setsid", "--wait"};
        for (auto& word : words_of(GetParam())) server.push_back(std::move(word));
        server.emplace_back("-c");
        server.push_back(shell_line(argv, mark.preamble()).value());
        return std::make_unique<Program>(std::move(server), directory.file("output"));
    }
    /// What a sweep by the shell finds; as `user` when that is not empty.
    Swept sweep(const RunMark& mark, const std::string& user = {}) const
    {
        const auto script = directory.write("script", std::string{RunMark::sweep_input()});
        std::vector<std::string> argv;
        if (!user.empty()) argv = {"/usr/bin/setpriv", "--reuid", user, "--clear-groups"};
        // The constant script is given on standard input, as over SSH.
        argv.insert(argv.end(), {"sh", "-c", "exec \"$@\" <" + script, "sh"});
        for (auto& word : words_of(GetParam())) argv.push_back(std::move(word));
        const auto wanted = mark.sweep();
        argv.insert(argv.end(), wanted.begin() + 1, wanted.end());
        Program program{std::move(argv), directory.file("swept")};
        program.wait();
        return read_sweep(testing::read_text(directory.file("swept")));
    }
    /// Seconds that no other process sleeps for.
    static std::string mark_of(int number)
    {
        return std::to_string(number) + '.' + std::to_string(::getpid());
    }

    testing::TemporaryDirectory directory;
};
INSTANTIATE_TEST_SUITE_P(Shells,
                         RunMarkTest,
                         ::testing::Values("dash", "bash", "busybox"),
                         [](const auto& shell) { return std::string{shell.param}; });

TEST_P(RunMarkTest, ChangesNeitherOutputNorStatus)
{
    const auto mark = RunMark::fresh();
    EXPECT_EQ(start(mark, {"sh", "-c", "echo out; exit 7"})->wait(), 7);
    EXPECT_EQ(testing::read_text(directory.file("output")), "out\n");
}

TEST_P(RunMarkTest, EndsTheCommandWithAllItStartedAndNothingElse)
{
    const auto mark = RunMark::fresh();
    const auto neighbour_mark = RunMark::fresh();
    const auto ours = mark_of(901), own_child = mark_of(902), without = mark_of(903);
    const auto daemon = mark_of(904), neighbour = mark_of(905);
    const auto command = start(mark, {"sh", "-c",
                                      "setsid sleep " + daemon + " & env -i sleep " + without +
                                          " & sleep " + own_child + " & sleep " + ours});
    const auto beside = start(neighbour_mark, {"sleep", neighbour});
    ASSERT_TRUE(eventually([&] {
        return runs_with_argument(ours) && runs_with_argument(own_child) &&
               runs_with_argument(without) && runs_with_argument(daemon) &&
               runs_with_argument(neighbour);
    }));
    EXPECT_EQ(sweep(mark), Swept::all);
    EXPECT_FALSE(runs_with_argument(ours));
    EXPECT_FALSE(runs_with_argument(own_child));
    EXPECT_FALSE(runs_with_argument(without)) << "what has lost the mark has not lost its parent";
    EXPECT_TRUE(runs_with_argument(daemon)) << "what has left the session is on its own";
    EXPECT_TRUE(runs_with_argument(neighbour));
    EXPECT_EQ(sweep(mark), Swept::none);
    EXPECT_EQ(sweep(neighbour_mark), Swept::all);
    for (const pid_t pid : testing::processes_where([&](pid_t candidate) {
             return testing::read_text("/proc/" + std::to_string(candidate) + "/cmdline")
                        .find(daemon) != std::string::npos;
         })) {
        ::kill(pid, SIGKILL);
    }
}

TEST_P(RunMarkTest, KillsWhatIgnoresTheRequestToEnd)
{
    const auto mark = RunMark::fresh();
    const auto ours = mark_of(911);
    const auto command = start(mark, {"sh", "-c", "trap '' TERM; exec sleep " + ours});
    ASSERT_TRUE(eventually([&] { return runs_with_argument(ours); }));
    EXPECT_EQ(sweep(mark), Swept::all);
    EXPECT_FALSE(runs_with_argument(ours));
}

TEST_P(RunMarkTest, SaysThatSomeAreLeftWhichBelongToAnother)
{
    ASSERT_EQ(::geteuid(), 0U) << "needs root";
    // As sudo does: a program of root's that a user's process has started.
    std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
    const auto raise = directory.file("raise");
    std::filesystem::copy_file("/usr/bin/setpriv", raise);
    ASSERT_EQ(::chmod(raise.c_str(), 04755), 0);
    const auto mark = RunMark::fresh();
    const auto ours = mark_of(921), roots = mark_of(922);
    const auto command =
        start(mark, {"/usr/bin/setpriv", "--reuid", "nobody", "--clear-groups", "sh", "-c",
                     raise + " --reuid 0 --clear-groups sleep " + roots + " & sleep " + ours});
    ASSERT_TRUE(eventually([&] { return runs_with_argument(ours) && runs_with_argument(roots); }));
    EXPECT_EQ(sweep(mark, "nobody"), Swept::some);
    EXPECT_FALSE(runs_with_argument(ours));
    EXPECT_TRUE(runs_with_argument(roots));
    EXPECT_EQ(sweep(mark), Swept::all);
    EXPECT_FALSE(runs_with_argument(roots));
}

TEST(RunMark, TakesNothingElseForAFinding)
{
    EXPECT_EQ(read_sweep("all\n"), Swept::all);
    EXPECT_EQ(read_sweep("none\n"), Swept::none);
    EXPECT_EQ(read_sweep("some\n"), Swept::some);
    EXPECT_EQ(read_sweep("unknown\n"), Swept::unknown);
    EXPECT_EQ(read_sweep(""), Swept::unknown);
    EXPECT_EQ(read_sweep("Welcome!\nall\n"), Swept::all) << "a start-up file prints, too";
    EXPECT_EQ(read_sweep("That is all"), Swept::unknown);
    EXPECT_EQ(read_sweep("all\nbut one\n"), Swept::unknown);
}

}  // namespace
}  // namespace tailops::targets::ssh
