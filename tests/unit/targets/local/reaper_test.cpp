#include "targets/local/reaper.hpp"

#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

namespace tailops::targets {
namespace {

/// Starts `sh -c script` in a group of its own.
pid_t start(Reaper& reaper, std::string script)
{
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::string sh = "sh", flag = "-c";
    const std::array<char*, 4> argv{sh.data(), flag.data(), script.data(), nullptr};
    const std::array<char*, 1> environment{nullptr};
    const auto pid = reaper.spawn({.program = "/bin/sh",
                                   .actions = &actions,
                                   .attributes = &attributes,
                                   .argv = argv.data(),
                                   .environment = environment.data()});
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return pid.value();
}

/// Waits for the end without reaping; false: there is no such child.
bool ends(pid_t pid)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0;
}

bool is_child(pid_t pid)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

TEST(Reaper, ReapsWhatItsOwnerLeftOnceItHasEnded)
{
    Reaper reaper;
    const auto pid = start(reaper, "exec sleep 1000");
    reaper.leave(pid);
    reaper.sweep();
    EXPECT_EQ(reaper.left(), 1U) << "it runs, and nobody waited for it";
    ::kill(-pid, SIGKILL);
    ASSERT_TRUE(ends(pid));
    reaper.sweep();
    EXPECT_EQ(reaper.left(), 0U);
    EXPECT_FALSE(is_child(pid));
}

TEST(Reaper, LeavesToItsOwnerWhatHasOne)
{
    Reaper reaper;
    const auto pid = start(reaper, "exit 7");
    ASSERT_TRUE(ends(pid));
    reaper.sweep();
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    reaper.forget(pid);
}

// What a reaped number stands for is somebody else's.
TEST(Reaper, ForgetsWhatSomebodyElseReaped)
{
    Reaper reaper;
    const auto pid = start(reaper, "exit 0");
    reaper.leave(pid);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    reaper.sweep();
    EXPECT_EQ(reaper.left(), 0U);
}

/// A process to which the system gives orphans, as it does to PID 1.
class Subreaper {
public:
    Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    Subreaper(const Subreaper&) = delete;
    Subreaper& operator=(const Subreaper&) = delete;
    ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

TEST(Reaper, ReapsOrphansAndTakesNoStatusFromAnOwner)
{
    const Subreaper orphans_are_ours;
    tailops::testing::TemporaryDirectory folder;
    Reaper reaper;
    const auto parent =
        start(reaper, "sh -c 'echo $$ > " + folder.file("orphan") + "; exit 3' & exit 5");
    ASSERT_TRUE(ends(parent));
    pid_t orphan = 0;
    while (orphan == 0) std::ifstream{folder.file("orphan")} >> orphan;
    // Its parent is gone for good once that one is reaped; then it is ours, and ends.
    int status = 0;
    ASSERT_EQ(::waitpid(parent, &status, 0), parent);
    EXPECT_EQ(WEXITSTATUS(status), 5);
    ASSERT_TRUE(ends(orphan));
    const auto owned = start(reaper, "exit 9");
    ASSERT_TRUE(ends(owned));
    reaper.forget(parent);
    EXPECT_FALSE(is_child(orphan)) << "the orphan was reaped";
    EXPECT_EQ(::waitpid(owned, &status, 0), owned) << "the owned one was not";
    EXPECT_EQ(WEXITSTATUS(status), 9);
    reaper.forget(owned);
}

}  // namespace
}  // namespace tailops::targets
