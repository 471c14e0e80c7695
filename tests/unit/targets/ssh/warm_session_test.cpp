#include "targets/ssh/warm_session.hpp"

#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

/// How old a login may grow, and what becomes of one that is refused.
namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using ::testing::HasSubstr;
using ExecutorPointer = std::shared_ptr<SshExecutor>;

std::size_t count_in(const std::string& text, std::string_view word)
{
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++count;
    return count;
}
std::size_t logins(const SshServer& server)
{
    return count_in(server.log(), "Accepted publickey");
}

Task<void> pause(std::chrono::milliseconds time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

Task<Result<ExecutionResult>> run_true(ExecutorPointer executor)
{
    const std::vector<std::string> argv{"true"};
    co_return co_await run_argv(executor, argv, in_good_time());
}

class WarmSessionTest : public ::testing::Test {
protected:
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

TEST_F(WarmSessionTest, ServesManyCommandsWhileItIsYoung)
{
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            for (int i = 0; i < 3; ++i) {
                const auto done = co_await run_true(executor);
                EXPECT_TRUE(done) << why(done);
            }
            co_return co_await run_true(executor);
        });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(logins(server), 1U);
}

TEST_F(WarmSessionTest, GivesAnOldLoginNoNewCommandsAndLeavesItTheOldOnes)
{
    rig.setup.connection.login_lifetime = 0s;
    const auto mark = "320." + std::to_string(::getpid());
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            const auto running = [&]() -> Task<Result<ExecutionResult>> {
                const std::vector<std::string> argv{"sh", "-c",
                                                    "sleep " + mark + " & wait; echo whole", "sh"};
                co_return co_await run_argv(executor, argv, in_good_time());
            };
            const auto beside = [&]() -> Task<void> {
                while (!testing::runs_with_argument(mark)) co_await pause(5ms);
                for (int i = 0; i < 3; ++i) {
                    const auto done = co_await run_true(executor);
                    EXPECT_TRUE(done) << why(done);
                }
                const auto is_it = [&](pid_t pid) {
                    const auto line =
                        testing::read_text("/proc/" + std::to_string(pid) + "/cmdline");
                    return line.starts_with(std::string("sleep\0", 6) + mark);
                };
                for (const pid_t pid : testing::processes_where(is_it)) ::kill(pid, SIGTERM);
            };
            co_return co_await (running() && beside());
        });
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->output, "whole\n");
    EXPECT_EQ(logins(server), 4U);
}

TEST_F(WarmSessionTest, ClosesAnOldLoginThatNobodyUses)
{
    rig.setup.connection.login_lifetime = 0s;
    rig.timing.keepalive = 1s;
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            auto done = co_await run_true(executor);
            for (int i = 0; i < 6000 && testing::process_tree(server.pid()).size() > 1; ++i) {
                co_await pause(10ms);
            }
            EXPECT_EQ(testing::process_tree(server.pid()).size(), 1U);
            co_return done;
        });
    EXPECT_EQ(why(result), "");
}

class RefusedLogin : public WarmSessionTest {
protected:
    RefusedLogin() : stranger{server.make_other_key("stranger")}
    {
        rig.setup.connection.key_path = stranger;
    }
    std::size_t attempts() const { return count_in(server.log(), "Connection closed by auth"); }

    const std::string stranger;
};

TEST_F(RefusedLogin, IsToldFromMemoryForAWhile)
{
    rig.timing.refusal_pause = 1h;
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            const auto first = co_await run_true(executor);
            expect_error(first, Errc::unauthorized_there, "refused our SSH key");
            EXPECT_FALSE(first.error().public_message().contains("remembered"));
            // A key that would be let in changes nothing yet: nobody is asked.
            server.authorize(stranger);
            for (int i = 0; i < 5; ++i) {
                const auto again = co_await run_true(executor);
                expect_error(
                    again, Errc::unauthorized_there,
                    "refused our SSH key; this is remembered, the next login is tried in 3");
                EXPECT_TRUE(again.error().has_nothing_begun());
            }
            co_return ExecutionResult{};
        });
    EXPECT_EQ(why(result), "");
    EXPECT_TRUE(testing::eventually([&] { return attempts() == 1; })) << server.log();
    EXPECT_EQ(logins(server), 0U);
}

TEST_F(RefusedLogin, IsTriedAgainAfterThat)
{
    rig.timing.refusal_pause = 1ms;
    rig.timing.refusal_pause_max = 5ms;
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            for (int i = 0; i < 3; ++i) {
                const auto refused = co_await run_true(executor);
                expect_error(refused, Errc::unauthorized_there, "refused our SSH key");
                co_await pause(rig.timing.refusal_pause_max * 2);
            }
            server.authorize(stranger);
            co_return co_await run_true(executor);
        });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(logins(server), 1U);
}

}  // namespace
}  // namespace tailops::targets::ssh
