#include "targets/ssh/dial.hpp"
#include "targets/ssh/exec.hpp"
#include "targets/ssh/key.hpp"
#include "targets/ssh/warm_session.hpp"
#include "tests/support/link.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libssh/libssh.h>

/// Servers at the far end of a link that is slow, stalls or breaks.
namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using testing::eventually;
using testing::Link;
using ExecutorPointer = std::shared_ptr<SshExecutor>;

std::size_t count_in(const std::string& text, std::string_view word)
{
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++count;
    return count;
}

Task<void> pause(std::chrono::milliseconds time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

/// Runs the tasks that `make` makes all at once, and cancels number i after i times `step`; returns
/// when all have ended.
template <class Make>
Task<void> cancel_one_by_one(int count, std::chrono::milliseconds step, Make make)
{
    const auto home = co_await asio::this_coro::executor;
    std::vector<asio::cancellation_signal> signals(static_cast<std::size_t>(count));
    int running = count;
    asio::steady_timer all{home, asio::steady_timer::time_point::max()};
    for (auto& signal : signals) {
        asio::co_spawn(home, make(),
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, auto) {
                           if (--running == 0) all.cancel();
                       }));
    }
    for (auto& signal : signals) {
        signal.emit(asio::cancellation_type::terminal);
        co_await pause(step);
    }
    if (running > 0) co_await all.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// A server of which each answer takes a while.
class FarServer : public ::testing::Test {
protected:
    explicit FarServer(const std::string& settings = "") : server{settings}
    {
        rig.setup.connection.port = link.port();
        rig.setup.connection.host_key = server.host_key();
    }

    template <class Work>
    Result<ExecutionResult> with_executor(Work work) const
    {
        return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
            const auto executor = rig.make(runtime);
            co_return co_await work(executor);
        });
    }

    OpenSshServer server;
    Link link{server.port()};
    Rig rig{server};
};

Task<Result<ExecutionResult>> run_true(ExecutorPointer executor)
{
    const std::vector<std::string> argv{"true"};
    co_return co_await run_argv(executor, argv, in_good_time());
}

class FewSessions : public FarServer {
protected:
    FewSessions() : FarServer{"MaxSessions 4\nLogLevel DEBUG1"} {}
};

TEST_F(FewSessions, HaveRoomAfterManyOpeningsWereCancelled)
{
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            auto first = co_await run_true(executor);
            if (!first) co_return first;
            link.delay(40ms);
            const auto run_one = [&] { return run_true(executor); };
            // Cancelled after 0, 5, ... 55 ms of a round trip of 80.
            for (int round = 0; round < 5; ++round) co_await cancel_one_by_one(12, 5ms, run_one);
            co_return co_await run_true(executor);
        });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(count_in(server.log(), "Accepted publickey"), 1U) << "the first login serves still";
}

TEST_F(FewSessions, HaveRoomAfterManyOpeningsCameTooLate)
{
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            auto first = co_await run_true(executor);
            if (!first) co_return first;
            link.delay(40ms);
            const std::vector<std::string> argv{"true"};
            for (int i = 0; i < 12; ++i) {
                const auto late = co_await run_argv(executor, argv, within(20ms));
                EXPECT_FALSE(late);
            }
            co_return co_await run_true(executor);
        });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(count_in(server.log(), "Accepted publickey"), 1U);
}

TEST_F(FewSessions, AreLeftForANewLoginWhenSomebodyElseHoldsThemAll)
{
    rig.timing.no_room_patience = 50ms;
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        const auto& to = rig.setup.connection;
        const auto login = std::make_shared<const Login>(Login{"web-01", to, ""});
        auto key = read_user_key("web-01", to.key_path, {});
        const auto shared = std::make_shared<const UserKey>(*std::move(key));
        const auto strand = co_await asio::this_coro::executor;
        WarmSession::Setup setup{
            .login = login,
            .dial = [to](Deadline limit) { return dial_tcp("web-01", to.host, to.port, limit); },
            .read_key = [shared]() -> Result<std::shared_ptr<const UserKey>> { return shared; },
            .timing = rig.timing};
        const auto warm = std::make_shared<WarmSession>(strand, setup);
        const auto user = std::make_shared<SshExecutor>(warm, rig.setup);
        {
            const auto lease = co_await warm->get(after(60s));
            EXPECT_TRUE(lease);
            if (!lease) co_return fail(lease.error());
            auto& session = *lease->session;
            Session::Listener listener{session};
            for (int i = 0; i < 4; ++i) {
                auto* const channel = ssh_channel_new(session.raw());
                while (ssh_channel_open_session(channel) == SSH_AGAIN) {
                    session.drive();
                    co_await listener.wakeup.wait(after(1s));
                }
            }
        }
        co_return co_await run_true(user);
    });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(count_in(server.log(), "Accepted publickey"), 2U);
}

TEST_F(FarServer, IsNotHeldByTunnelsThatWereCancelled)
{
    const OpenSshServer inner{"LoginGraceTime 0"};
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            auto first = co_await run_true(executor);
            if (!first) co_return first;
            link.delay(40ms);
            const auto open_one = [&]() -> Task<Result<int>> {
                auto opened = co_await executor->open_stream("127.0.0.1", inner.port(), after(60s));
                if (opened) ::close(*opened);
                co_return opened;
            };
            for (int round = 0; round < 3; ++round) co_await cancel_one_by_one(12, 5ms, open_one);
            auto after_it = co_await run_true(executor);
            for (int i = 0; i < 6000 && testing::process_tree(inner.pid()).size() > 1; ++i) {
                co_await pause(10ms);
            }
            co_return after_it;
        });
    EXPECT_EQ(why(result), "");
    EXPECT_EQ(testing::process_tree(inner.pid()).size(), 1U) << "the jump host keeps none open";
}

/// 48,000 bytes, which a command leaves behind in a pipe when it ends.
const std::vector<std::string> long_output{"seq", "10000", "17999"};

TEST_F(FarServer, IsWaitedForWhileItsOutputStalls)
{
    rig.timing.linger = 20ms;
    for (const std::int64_t bytes : {3'000, 20'000, 40'000}) {
        const auto result =
            with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
                auto first = co_await run_true(executor);
                if (!first) co_return first;
                link.stall_after(bytes);
                const auto recover = [&]() -> Task<void> {
                    while (!link.is_stalled()) co_await pause(1ms);
                    co_await pause(rig.timing.linger * 20);  // the stall
                    link.resume();
                };
                co_return co_await (run_argv(executor, long_output, in_good_time()) && recover());
            });
        ASSERT_TRUE(result) << why(result);
        EXPECT_EQ(result->output.size(), 48'000U) << "stalled after " << bytes;
        EXPECT_FALSE(result->truncated);
    }
}

TEST_F(FarServer, IsNotBelievedWhenTheEndOfItsOutputIsLost)
{
    for (const std::int64_t bytes : {3'000, 20'000, 40'000}) {
        const auto result =
            with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
                auto first = co_await run_true(executor);
                if (!first) co_return first;
                link.cut_after(bytes);
                co_return co_await run_argv(executor, long_output, in_good_time());
            });
        link.resume();
        expect_error(result, Errc::unreachable, "was lost");
        EXPECT_FALSE(result.error().has_nothing_begun());
    }
}

TEST_F(FarServer, MakesNoResultOfAnOutputThatDoesNotComeInTime)
{
    rig.timing.linger = 20ms;
    rig.timing.stop_grace = 50ms;
    const auto result =
        with_executor([&](ExecutorPointer executor) -> Task<Result<ExecutionResult>> {
            auto first = co_await run_true(executor);
            if (!first) co_return first;
            link.stall_after(40'000);
            co_return co_await run_argv(executor, long_output, within(short_time));
        });
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error().code()), "deadline_exceeded") << why(result);
}

}  // namespace
}  // namespace tailops::targets::ssh
