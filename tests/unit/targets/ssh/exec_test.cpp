#include "targets/ssh/exec.hpp"

#include "gateway/core/text.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::DropbearServer;
using testing::eventually;
using ::testing::HasSubstr;

/// Both implementations, because they differ where it matters: signals, exit notices, limits.
class EverySshServer : public ::testing::TestWithParam<const char*> {
protected:
    static std::unique_ptr<SshServer> start()
    {
        if (std::string_view{GetParam()} == "dropbear") return std::make_unique<DropbearServer>();
        if (std::string_view{GetParam()} == "openssh_as_root") {
            return std::make_unique<testing::RootSshServer>();
        }
        return std::make_unique<OpenSshServer>();
    }
};
INSTANTIATE_TEST_SUITE_P(Ssh,
                         EverySshServer,
                         ::testing::Values("openssh", "openssh_as_root", "dropbear"),
                         [](const auto& server) { return std::string{server.param}; });

TEST_P(EverySshServer, ReturnsOutputDiagnosticsAndStatusApart)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"sh", "-c", "echo out; echo err >&2; exit 7"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 7);
    EXPECT_EQ(result->output, "out\n");
    EXPECT_EQ(result->diagnostics, "err\n");
    EXPECT_EQ(result->signal, "");
    EXPECT_FALSE(result->truncated);
}

TEST_P(EverySshServer, TellsWhichSignalEndedACommand)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"sh", "-c", "kill -9 $$"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, -1);
    EXPECT_EQ(result->signal, "KILL");
}

TEST_P(EverySshServer, GivesInputAndThenItsEnd)
{
    const auto server = start();
    const Rig rig{*server};
    std::string input(300'000, 'x');
    input += "\nlast line";
    const auto result = run_once(rig, {"wc", "-c"}, {}, input);
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(trim(result->output), std::to_string(input.size()));
}

TEST_P(EverySshServer, EndsThoughTheCommandReadsNoInput)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"true"}, {}, std::string(8'000'000, 'x'));
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
}

TEST_P(EverySshServer, CountsOutputBeyondTheLimitAndKeepsDraining)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"head", "-c", "20000000", "/dev/zero"}, in_good_time(1000));
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
    EXPECT_EQ(result->output.size(), 1000U);
    EXPECT_EQ(result->output_bytes, 20'000'000U);
    EXPECT_TRUE(result->truncated);
}

TEST_P(EverySshServer, HandsTheWholeOfALongOutputOver)
{
    constexpr std::size_t size = 50'000'000;
    const auto server = start();
    const Rig rig{*server};
    const auto sink = std::make_shared<testing::CollectingSink>();
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        auto operation = command({"sh", "-c", "seq 1 6388889 | head -c 50000000; echo end >&2"});
        keep_rest(operation, sink);
        auto permit = testing::any_permit(TargetId{"web-01"}, in_good_time());
        co_return co_await executor->run(std::move(permit), std::move(operation));
    });
    ASSERT_TRUE(result) << why(result);
    const auto expected = testing::numbered_lines(size);
    EXPECT_EQ(result->output, expected.substr(0, 65'536));
    EXPECT_EQ(result->output_tail, expected.substr(size - 65'536));
    EXPECT_EQ(result->output_bytes, size);
    EXPECT_EQ(result->output_lines, count_lines(expected));
    EXPECT_TRUE(sink->output == expected);
    EXPECT_EQ(result->diagnostics, "end\n");
    EXPECT_EQ(sink->diagnostics, "");
}

TEST_P(EverySshServer, ReportsAProgramThatIsNotThere)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"no-such-program"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 127);
}

TEST_P(EverySshServer, RunsABuiltinsNameAsAProgramOnly)
{
    const auto server = start();
    const Rig rig{*server};
    const auto result = run_once(rig, {"eval", "echo interpreted"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 127);
    EXPECT_EQ(result->output, "");
}

TEST_P(EverySshServer, LeavesNothingRunningAfterTheDeadline)
{
    const auto server = start();
    const Rig rig{*server};
    const auto mark = "300." + std::to_string(::getpid());  // what no other process sleeps for
    const auto result = run_warm(rig, {"sleep", mark}, within(short_time));
    expect_error(result, Errc::deadline_exceeded, "did not finish in time; it was stopped");
    EXPECT_FALSE(testing::runs_with_argument(mark));
}

TEST_P(EverySshServer, KillsWhatIgnoresTheRequestToEnd)
{
    const auto server = start();
    Rig rig{*server};
    rig.timing.stop_grace = 2s;
    const auto mark = "304." + std::to_string(::getpid());
    // An ignored signal stays ignored across exec.
    const auto result =
        run_warm(rig, {"sh", "-c", "trap '' TERM; exec sleep " + mark}, within(short_time));
    expect_error(result, Errc::deadline_exceeded, "it was stopped");
    EXPECT_FALSE(testing::runs_with_argument(mark));
}

TEST_P(EverySshServer, StopsTheCommandWhenTheCallerGoesAway)
{
    const auto server = start();
    const Rig rig{*server};
    const auto mark = "301." + std::to_string(::getpid());
    const std::vector<std::string> argv{"sleep", mark};
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        asio::cancellation_signal signal;
        std::optional<Result<ExecutionResult>> outcome;
        const auto home = co_await asio::this_coro::executor;
        asio::steady_timer ended{home, asio::steady_timer::time_point::max()};
        asio::co_spawn(
            home, run_argv(executor, argv),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr thrown, auto value) {
                if (!thrown) outcome.emplace(std::move(value));
                ended.cancel();
            }));
        asio::steady_timer pause{home};
        while (!testing::runs_with_argument(mark)) {
            pause.expires_after(5ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        signal.emit(asio::cancellation_type::terminal);
        boost::system::error_code ignored;
        co_await ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return outcome.value();
    });
    expect_error(result, Errc::cancelled, "it was stopped");
    EXPECT_FALSE(testing::runs_with_argument(mark));
}

TEST_P(EverySshServer, EndsOneCommandWithoutHarmToItsNeighbours)
{
    const auto server = start();
    Rig rig{*server};
    rig.timing.stop_grace = 500ms;
    const auto mark = "309." + std::to_string(::getpid());
    const auto neighbour = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        using namespace asio::experimental::awaitable_operators;
        const auto executor = rig.make(runtime);
        const std::vector<std::string> warm_up{"true"};
        (void)co_await run_argv(executor, warm_up);
        const std::vector<std::string> stuck{"sleep", mark};
        const std::vector<std::string> beside{"sh", "-c", "sleep 10; echo done"};
        auto [ended, said] =
            co_await (run_argv(executor, stuck, within(short_time)) && run_argv(executor, beside));
        EXPECT_FALSE(ended);
        co_return std::move(said);
    });
    ASSERT_TRUE(neighbour) << why(neighbour);
    EXPECT_EQ(neighbour->output, "done\n");
    EXPECT_FALSE(testing::runs_with_argument(mark));
}

TEST(SshExec, LeavesOthersTheConnectionOnWhichACommandCouldNotBeEnded)
{
    const OpenSshServer server;
    Rig rig{server};
    rig.timing.stop_grace = 100ms;
    const auto neighbour = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        using namespace asio::experimental::awaitable_operators;
        const auto executor = rig.make(runtime);
        const std::vector<std::string> warm_up{"true"};
        (void)co_await run_argv(executor, warm_up);
        const auto mark = "310." + std::to_string(::getpid());
        const auto stall = [&]() -> Task<void> {
            asio::steady_timer pause{co_await asio::this_coro::executor};
            while (!testing::runs_with_argument(mark)) {
                pause.expires_after(5ms);
                co_await pause.async_wait(asio::use_awaitable);
            }
            server.wedge();
        };
        // The caller leaves while the server does not answer.
        const auto cut_short = [&]() -> Task<void> {
            const std::vector<std::string> argv{"sleep", mark};
            co_await (run_argv(executor, argv) || stall());
            server.unwedge();
        };
        const std::vector<std::string> beside{"sh", "-c", "sleep 1; echo done"};
        co_return co_await (cut_short() && run_argv(executor, beside, within(60s)));
    });
    ASSERT_TRUE(neighbour) << why(neighbour);
    EXPECT_EQ(neighbour->output, "done\n");
}

TEST(SshExec, DoesNotWaitForADaemonThatKeepsTheOutputOpen)
{
    const OpenSshServer server;
    Rig rig{server};
    rig.timing.linger = 100ms;
    const auto result = run_once(rig, {"sh", "-c", "sleep 5 & echo started"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
    EXPECT_EQ(result->output, "started\n");
}

TEST(SshExec, SaysThatTheFateIsUnknownWhenTheServerDiesMeanwhile)
{
    OpenSshServer server;
    const Rig rig{server};
    const auto mark = "302." + std::to_string(::getpid());
    const std::vector<std::string> argv{"sleep", mark};
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        using namespace asio::experimental::awaitable_operators;
        const auto executor = rig.make(runtime);
        const auto kill = [&]() -> Task<void> {
            asio::steady_timer pause{co_await asio::this_coro::executor};
            while (!testing::runs_with_argument(mark)) {
                pause.expires_after(5ms);
                co_await pause.async_wait(asio::use_awaitable);
            }
            for (const pid_t pid : testing::process_tree(server.pid())) {
                const auto line = testing::read_text("/proc/" + std::to_string(pid) + "/cmdline");
                if (line.find(mark) == std::string::npos) ::kill(pid, SIGKILL);
            }
        };
        co_return co_await (run_argv(executor, argv) && kill());
    });
    expect_error(result, Errc::unreachable,
                 "was lost while the command ran; whether it still runs is unknown");
    EXPECT_FALSE(result.error().has_nothing_begun());
    EXPECT_TRUE(testing::runs_with_argument(mark));
    for (const pid_t pid : testing::processes_where([&](pid_t candidate) {
             return testing::read_text("/proc/" + std::to_string(candidate) + "/cmdline")
                        .find(mark) != std::string::npos;
         })) {
        ::kill(pid, SIGKILL);
    }
}

TEST(SshExec, SaysThatASilentServerWasNotSeenEndingTheCommand)
{
    OpenSshServer server;
    Rig rig{server};
    rig.timing.stop_grace = 100ms;
    const auto mark = "303." + std::to_string(::getpid());
    const std::vector<std::string> argv{"sleep", mark};
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        using namespace asio::experimental::awaitable_operators;
        const auto executor = rig.make(runtime);
        // A login alone may take longer than the command is given.
        const std::vector<std::string> warm_up{"true"};
        const auto first = co_await run_argv(executor, warm_up);
        EXPECT_TRUE(first) << why(first);
        const auto wedge = [&]() -> Task<void> {
            asio::steady_timer pause{co_await asio::this_coro::executor};
            for (int i = 0; i < 2000 && !testing::runs_with_argument(mark); ++i) {
                pause.expires_after(5ms);
                co_await pause.async_wait(asio::use_awaitable);
            }
            server.wedge();
        };
        co_return co_await (run_argv(executor, argv, within(10s)) && wedge());
    });
    expect_error(result, Errc::deadline_exceeded, "it was signalled but not seen ending");
    server.kill_all();
}

TEST(SshExec, RefusesWhatIsNoCommandForAShell)
{
    const OpenSshServer server;
    const Rig rig{server};
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        co_return co_await executor->run(testing::any_permit(rig.setup.id), engine_call());
    });
    expect_error(result, Errc::invalid_argument, "does not offer");
    expect_error(run_once(rig, {}), Errc::invalid_argument, "no program");
    expect_error(run_once(rig, {"-c", "x"}), Errc::invalid_argument, "begins with");
    expect_error(run_once(rig, {"echo", std::string("a\0b", 3)}), Errc::invalid_argument, "NUL");
}

}  // namespace
}  // namespace tailops::targets::ssh
