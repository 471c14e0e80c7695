#include "targets/local/program.hpp"
#include "tests/support/descriptors_left.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/targets/local/local_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>

/// How commands begin and come to their end, and what is told of it.
namespace tailops::targets {
namespace {

namespace asio = boost::asio;

TEST(LocalExecutor, StartsNothingForACallerWhoHasLeft)
{
    testing::run([](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        tailops::testing::TemporaryDirectory folder;
        LocalExecutor executor;
        asio::cancellation_signal leave;
        std::optional<Result<ExecutionResult>> result;
        Command mark;
        mark.argv = {"touch", folder.file("mark")};
        auto late = [&]() -> Task<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            leave.emit(asio::cancellation_type::terminal);
            result = co_await executor.run(permit(), mark);
        };
        asio::co_spawn(home, late,
                       asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
        while (!result) co_await asio::post(home, asio::use_awaitable);
        EXPECT_EQ(result->error().code(), Errc::cancelled);
        EXPECT_TRUE(result->error().has_nothing_begun());
        EXPECT_FALSE(std::filesystem::exists(folder.file("mark")));
    });
}

/// How commands that run side by side came out.
struct Tally {
    std::atomic<int> ended{0};
    std::atomic<int> wrong{0};
};

Task<void> run_again_and_again(LocalExecutor& executor, Command command, int times, Tally& tally)
{
    for (int i = 0; i < times; ++i) {
        const auto result = co_await executor.run(permit(), command);
        ++(result && result->status == 0 ? tally.ended : tally.wrong);
        if (!result) ADD_FAILURE() << result.error().describe();
    }
}

// Asio gives the state of a descriptor that was closed to the next one that is opened, and with it
// an event that was under way: a process was taken for ended, and killed, because another one was.
TEST(LocalExecutor, TakesNoCommandsEndForAnothers)
{
    Tally slow, quick;
    testing::run(
        [&](Runtime& runtime) -> Task<void> {
            LocalExecutor executor;
            std::atomic<int> busy{0};
            const auto go = [&](Command command, int times, Tally& tally) {
                ++busy;
                asio::co_spawn(asio::make_strand(runtime.io),
                               run_again_and_again(executor, std::move(command), times, tally),
                               [&busy](std::exception_ptr thrown) {
                                   EXPECT_FALSE(thrown);
                                   --busy;
                               });
            };
            for (int i = 0; i < 6; ++i) go({.argv = {"sleep", "1"}, .input = {}}, 3, slow);
            for (int i = 0; i < 6; ++i) go({.argv = {"true"}, .input = {}}, 250, quick);
            asio::steady_timer turn{co_await asio::this_coro::executor};
            while (busy > 0) {
                turn.expires_after(1ms);
                co_await turn.async_wait(asio::use_awaitable);
            }
        },
        4);
    EXPECT_EQ(slow.ended, 18);
    EXPECT_EQ(quick.ended, 1500);
    EXPECT_EQ(slow.wrong + quick.wrong, 0);
}

// An ignored SIGCHLD makes the system reap: the status is lost, and the number is anybody's.
TEST(LocalExecutor, SaysThatAStatusIsUnknownWhichSomebodyElseTook)
{
    tailops::testing::TemporaryDirectory folder;
    const auto before = ::signal(SIGCHLD, SIG_IGN);
    const auto result = run({.argv = {"touch", folder.file("mark")}, .input = {}});
    ::signal(SIGCHLD, before);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::outcome_unknown);
    EXPECT_FALSE(result.error().has_nothing_begun());
    EXPECT_TRUE(std::filesystem::exists(folder.file("mark")));
}

/// The process's own PATH begins with `folder` while this lives.
class PathBeginsWith {
public:
    explicit PathBeginsWith(const std::string& folder) : before_{::getenv("PATH")}
    {
        ::setenv("PATH", (folder + ':' + before_).c_str(), 1);
    }
    PathBeginsWith(const PathBeginsWith&) = delete;
    PathBeginsWith& operator=(const PathBeginsWith&) = delete;
    ~PathBeginsWith() { ::setenv("PATH", before_.c_str(), 1); }

private:
    std::string before_;
};

TEST(LocalExecutor, FindsProgramsWhereTheCommandWouldAndNotInOurOwnPath)
{
    tailops::testing::TemporaryDirectory folder;
    for (const auto* name : {"uname", "only-here"}) {
        folder.write(name, "#!/bin/sh\necho from elsewhere\n");
        std::filesystem::permissions(folder.file(name), std::filesystem::perms::owner_all);
    }
    const PathBeginsWith ours{folder.path().string()};
    EXPECT_EQ(run({.argv = {"uname"}, .input = {}})->output, "Linux\n");
    EXPECT_EQ(run({.argv = {"only-here"}, .input = {}}).error().code(), Errc::not_found);
    EXPECT_EQ(run({.argv = {folder.file("only-here")}, .input = {}})->output, "from elsewhere\n");
    // A folder and a file that is no program are not found either.
    EXPECT_EQ(run({.argv = {"."}, .input = {}}).error().code(), Errc::not_found);
}

// What has been started is followed to its end: to say that nothing began would have it repeated.
TEST(LocalExecutor, FollowsACommandForWhichNoDescriptorIsLeft)
{
    // UBSan opens a pipe when it sees a type for the first time: it is to see these now.
    ASSERT_TRUE(run({.argv = {"sh", "-c", "exit 4"}, .input = {}}, 20s));
    LocalExecutor executor;
    for (const int left : {6, 5}) {
        const auto result = testing::run([&](Runtime&) -> Task<Result<ExecutionResult>> {
            // What a daemon has long since: a timer brings Asio's own descriptors.
            const asio::steady_timer first{co_await asio::this_coro::executor};
            const testing::DescriptorsLeft few{left};
            Command command;
            command.argv = {"sh", "-c", "echo run; sleep 0.1; exit 4"};
            co_return co_await executor.run(permit(), std::move(command));
        });
        if (left == 6) {
            ASSERT_TRUE(result) << result.error().describe();
            EXPECT_EQ(result->status, 4);
            EXPECT_EQ(result->output, "run\n");
        } else {
            ASSERT_FALSE(result) << "three pipes do not fit";
            EXPECT_TRUE(result.error().has_nothing_begun());
            EXPECT_EQ(result.error().code(), Errc::unavailable);
            EXPECT_EQ(result.error().public_message(),
                      "the gateway can start no command now (too many open files); nothing was "
                      "begun, try again shortly");
        }
    }
}

TEST(LocalExecutor, SaysWhatTheSystemIsShortOf)
{
    EXPECT_EQ(not_started("posix_spawn", EAGAIN).public_message(),
              "the gateway can start no command now (too many processes); nothing was begun, try "
              "again shortly");
    for (const int number : {EMFILE, ENFILE, EAGAIN, ENOMEM}) {
        EXPECT_EQ(not_started("posix_spawn", number).code(), Errc::unavailable) << number;
    }
    EXPECT_EQ(not_started("posix_spawn", EIO).code(), Errc::internal);
    const auto too_long = run({.argv = {"echo", std::string(1'000'000, 'x')}, .input = {}});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code(), Errc::invalid_argument) << too_long.error().describe();
}

// The daemon ignores both: a command that writes too much, or to nobody, is to end by them.
TEST(LocalExecutor, GivesACommandItsSignalsBack)
{
    ::signal(SIGXFSZ, SIG_IGN);
    tailops::testing::TemporaryDirectory folder;
    const auto script = "ulimit -f 1; head -c 100000 /dev/zero > " + folder.file("long") +
                        "; kill -l $(($? - 128)); yes | head -n 1 > /dev/null";
    const auto result = run({.argv = {"/bin/sh", "-c", script}, .input = {}});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->output, "XFSZ\n") << result->diagnostics;
}

TEST(LocalExecutor, TellsACommandThatEndedAsItEndedWhoeverStoppedWaiting)
{
    // The pipes are held by a child of it until after the deadline.
    const auto result =
        run({.argv = {"/bin/sh", "-c", "sleep 98765 & echo done; exit 6"}, .input = {}}, 10s);
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->status, 6);
    EXPECT_EQ(result->output, "done\n");
    EXPECT_TRUE(is_gone("98765"));
}

}  // namespace
}  // namespace tailops::targets
