#include "targets/ssh/ssh_executor.hpp"

#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

std::size_t logins(const SshServer& server)
{
    const auto log = server.log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("Accepted publickey", at)) != std::string::npos; ++at) {
        ++count;
    }
    return count;
}

/// Runs `argv` `count` times at once, each call on a strand of its own, and returns all outcomes.
Task<std::vector<Result<ExecutionResult>>> run_many(
    Runtime& runtime,
    std::shared_ptr<SshExecutor> executor,
    int count,
    std::vector<std::string> argv,
    policy::Obligations obligations = in_good_time())
{
    std::vector<Result<ExecutionResult>> outcomes;
    const auto home = co_await asio::this_coro::executor;
    asio::steady_timer all{home, asio::steady_timer::time_point::max()};
    for (int i = 0; i < count; ++i) {
        asio::co_spawn(asio::make_strand(runtime.io), run_argv(executor, argv, obligations),
                       [&](std::exception_ptr, Result<ExecutionResult> outcome) {
                           asio::post(home, [&, outcome = std::move(outcome)]() mutable {
                               outcomes.push_back(std::move(outcome));
                               if (static_cast<int>(outcomes.size()) == count) all.cancel();
                           });
                       });
    }
    boost::system::error_code ignored;
    co_await all.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return outcomes;
}

/// One server, and an executor for it at a time.
class SshExecutorTest : public ::testing::Test {
protected:
    /// What `work` makes of an executor that lives as long as it.
    template <class Work>
    Result<ExecutionResult> with_executor(Work work) const
    {
        return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
            const auto executor = rig.make(runtime);
            co_return co_await work(executor);
        });
    }

    OpenSshServer server;
    Rig rig{server};
};

using Executor = std::shared_ptr<SshExecutor>;

Task<Result<ExecutionResult>> run_true(Executor executor,
                                       policy::Obligations obligations = in_good_time())
{
    const std::vector<std::string> argv{"true"};
    co_return co_await run_argv(executor, argv, obligations);
}

/// Leaves a session behind that the next command finds open.
Task<void> warm_up(Executor executor)
{
    const auto first = co_await run_true(executor);
    EXPECT_TRUE(first) << why(first);
}

/// A server that is reached through another one.
class SshJumpTest : public ::testing::Test {
protected:
    SshJumpTest() { inside.setup.connection.jump = TargetId{"gate"}; }

    /// Runs `argv` on the inner server by way of the gate.
    Result<ExecutionResult> run_inside(std::vector<std::string> argv,
                                       policy::Obligations obligations = in_good_time(),
                                       std::string input = {})
    {
        return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
            const auto through = outside.make(runtime);
            inside.setup.credentials.jump = [&](const TargetId& id) {
                return id == TargetId{"gate"} ? through : nullptr;
            };
            const auto executor = inside.make(runtime);
            auto done = co_await run_argv(executor, argv, obligations, input);
            inside.setup.credentials.jump = nullptr;
            co_return done;
        });
    }

    OpenSshServer gate;
    OpenSshServer inner;
    Rig outside{gate, "gate"};
    Rig inside{inner};
};

TEST_F(SshExecutorTest, OffersReachabilityAndShell)
{
    Runtime runtime{1, 1};
    EXPECT_EQ(rig.make(runtime)->facets(), (std::set{Facet::reachability, Facet::shell}));
}

TEST(SshExecutor, RefusesAConnectionThatCannotWork)
{
    Runtime runtime{1, 1};
    const auto code = [&](SshConnection connection) {
        const auto made = make_ssh_executor(runtime.io.get_executor(), TargetId{"x"},
                                            std::move(connection), {}, "/nonexistent");
        return made ? "made" : std::string{to_string(made.error().code())};
    };
    SshConnection good;
    good.host = "db-02";
    good.username = "ops";
    EXPECT_EQ(code(good), "made");
    auto bad = good;
    bad.host.clear();
    EXPECT_EQ(code(bad), "invalid_argument");
    bad = good;
    bad.username.clear();
    EXPECT_EQ(code(bad), "invalid_argument");
    bad = good;
    bad.host_key = "ssh-ed25519 nonsense";
    EXPECT_EQ(code(bad), "invalid_argument");
}

TEST_F(SshExecutorTest, SharesOneLoginAmongManyCommands)
{
    const std::vector<std::string> argv{"echo", "here"};
    const auto outcomes = testing::run([&](Runtime& runtime) {
        return run_many(runtime, rig.make(runtime), 48, argv);  // three times channels_max
    });
    ASSERT_EQ(outcomes.size(), 48U);
    for (const auto& outcome : outcomes) {
        ASSERT_TRUE(outcome) << why(outcome);
        EXPECT_EQ(outcome->output, "here\n");
    }
    EXPECT_EQ(logins(server), 1U);
}

TEST(SshExecutor, WaitsForRoomWhereTheServerAllowsFewSessions)
{
    const OpenSshServer server{"MaxSessions 2"};
    const Rig rig{server};
    const std::vector<std::string> argv{"sleep", "0.05"};
    const auto outcomes = testing::run(
        [&](Runtime& runtime) { return run_many(runtime, rig.make(runtime), 12, argv); });
    for (const auto& outcome : outcomes) EXPECT_EQ(why(outcome), "");
}

TEST(SshExecutor, SaysBusyWhereTheServerAllowsNoSession)
{
    const OpenSshServer server{"MaxSessions 0"};
    Rig rig{server};
    rig.timing.no_room_patience = 100ms;
    const auto refused = run_once(rig, {"true"});
    expect_error(refused, Errc::busy, "has no room for another command");
    EXPECT_TRUE(refused.error().has_nothing_begun());
}

TEST_F(SshExecutorTest, SaysBusyWhereAWaitForAChannelRunsOut)
{
    rig.setup.connection.channels_max = 1;
    const auto after_it = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        co_await warm_up(executor);
        const std::vector<std::string> argv{"sleep", "60"};
        const auto late = [&executor]() -> Task<Result<ExecutionResult>> {
            co_return co_await run_true(executor, within(300ms));
        };
        auto first = co_await (run_argv(executor, argv) || late());
        EXPECT_EQ(first.index(), 1U);
        if (first.index() != 1) co_return std::get<0>(std::move(first));
        const auto& waited = std::get<1>(first);
        expect_error(waited, Errc::busy, "no slot became free in time");
        if (!waited) {
            EXPECT_TRUE(waited.error().has_nothing_begun());
        }
        co_return co_await run_true(executor);
    });
    EXPECT_EQ(why(after_it), "") << "the channel is free again";
    EXPECT_EQ(logins(server), 1U) << "the machine is well";
}

TEST_F(SshExecutorTest, SaysOfATestInVainThatNothingWasBegun)
{
    rig.timing.stop_grace = 100ms;
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        const auto probe = [&]() -> Task<Result<ExecutionResult>> {
            auto permit = testing::any_permit(TargetId{"web-01"}, within(400ms));
            Operation look{Probe{}};
            co_return co_await executor->run(std::move(permit), std::move(look));
        };
        server.wedge();
        const auto cold = co_await probe();
        expect_error(cold, Errc::deadline_exceeded, "did not answer in time");
        if (!cold) {
            EXPECT_TRUE(cold.error().has_nothing_begun());
        }
        server.unwedge();
        co_await warm_up(executor);
        server.wedge();
        const auto warm = co_await probe();
        expect_error(warm, Errc::deadline_exceeded, "did not answer in time");
        if (!warm) {
            EXPECT_TRUE(warm.error().has_nothing_begun());
        }
        server.unwedge();
        co_return co_await run_true(executor);
    });
    EXPECT_EQ(why(result), "");
}

TEST_F(SshExecutorTest, LogsInAgainWhenTheWarmSessionIsGone)
{
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        co_await warm_up(executor);
        server.kill_sessions();
        co_return co_await run_true(executor);
    });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(logins(server), 2U);
}

TEST_F(SshExecutorTest, LogsInAgainAfterARestartOfTheServer)
{
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        co_await warm_up(executor);
        server.kill_all();
        const auto second = co_await run_true(executor);
        EXPECT_FALSE(second);
        server.restart();
        co_return co_await run_true(executor);
    });
    EXPECT_EQ(why(result), "");
}

TEST_F(SshExecutorTest, ClosesASessionThatNobodyNeeds)
{
    rig.timing.keepalive = 1s;
    rig.timing.idle_close = std::chrono::minutes{0};
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        auto done = co_await run_true(executor);
        asio::steady_timer pause{co_await asio::this_coro::executor};
        for (int i = 0; i < 6000 && testing::process_tree(server.pid()).size() > 1; ++i) {
            pause.expires_after(10ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_EQ(testing::process_tree(server.pid()).size(), 1U);
        co_return done;
    });
    EXPECT_EQ(why(result), "");
}

TEST_F(SshExecutorTest, KeepsASilentCommandThatTheServerVouchesFor)
{
    rig.timing.keepalive = 1s;  // twice this is what a busy server has for an answer
    rig.timing.idle_close = std::chrono::minutes{0};
    const auto result = run_once(rig, {"sleep", "5"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 0);
}

TEST_F(SshExecutorTest, GivesUpOnAServerThatNoLongerAnswers)
{
    rig.timing.keepalive = 1s;
    std::vector<pid_t> silent;
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        co_await warm_up(executor);
        server.wedge();
        silent = testing::process_tree(server.pid());
        ::kill(server.pid(), SIGKILL);  // so that the second login is refused
        const std::vector<std::string> argv{"sleep", "60"};
        co_return co_await run_argv(executor, argv);
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error().code()), "unreachable") << why(result);
    for (const pid_t pid : silent) ::kill(pid, SIGKILL);
}

TEST_F(SshExecutorTest, DialsAnewAfterAWarmSessionFellSilent)
{
    rig.timing.stop_grace = 100ms;
    const auto result = with_executor([&](Executor executor) -> Task<Result<ExecutionResult>> {
        co_await warm_up(executor);
        server.wedge();
        const auto stuck = co_await run_true(executor, within(400ms));
        expect_error(stuck, Errc::deadline_exceeded, "the command was not started");
        EXPECT_TRUE(stuck.error().has_nothing_begun());
        server.unwedge();
        co_return co_await run_true(executor);
    });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(logins(server), 2U);
}

TEST(SshExecutor, LetsAWedgedTargetDelayNoOther)
{
    const OpenSshServer wedged;
    const OpenSshServer healthy;
    const Rig slow{wedged};
    const Rig quick{healthy};
    wedged.wedge();
    testing::run(
        [&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
            const auto stuck = slow.make(runtime);
            const auto fine = quick.make(runtime);
            const std::vector<std::string> argv{"echo", "here"};
            const auto run_fine = [&]() -> Task<int> {
                int done = 0;
                for (int i = 0; i < 20; ++i) {
                    const auto result = co_await run_argv(fine, argv, in_good_time());
                    EXPECT_TRUE(result) << why(result);
                    ++done;
                }
                co_return done;
            };
            // One I/O thread serves both. The healthy target's 20 commands end first.
            auto first = co_await (run_argv(stuck, argv, within(50s)) || run_fine());
            EXPECT_EQ(first.index(), 1U);
            const auto late = co_await run_argv(stuck, argv, within(200ms));
            expect_error(late, Errc::deadline_exceeded, "did not answer in time");
            co_return ExecutionResult{};
        },
        1);
    wedged.unwedge();
}

TEST_F(SshExecutorTest, EndsAllItsConnectionsWhenItIsDestroyed)
{
    EXPECT_EQ(why(run_once(rig, {"true"})), "");
    EXPECT_TRUE(
        testing::eventually([&] { return testing::process_tree(server.pid()).size() == 1; }));
}

TEST_F(SshJumpTest, JumpsThroughAnotherTarget)
{
    const std::string big(500'000, 'x');
    const auto result = run_inside({"cat"}, in_good_time(1'000'000), big);
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->output, big);
    EXPECT_EQ(logins(gate), 1U);
    EXPECT_EQ(logins(inner), 1U);
}

TEST_F(SshJumpTest, HoldsTheInnerHostToItsKeyToo)
{
    inner.restart_with_new_host_key();
    expect_error(run_inside({"true"}), Errc::unauthorized_there, "changed");
}

TEST_F(SshJumpTest, SaysWhenAJumpCannotBeMade)
{
    expect_error(run_once(inside, {"true"}), Errc::unreachable, "is not an SSH target");
    inside.setup.connection.port = testing::free_port();
    expect_error(run_inside({"true"}), Errc::unreachable, "could not connect to the target");
}

}  // namespace
}  // namespace tailops::targets::ssh
