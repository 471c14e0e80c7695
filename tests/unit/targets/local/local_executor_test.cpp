#include "targets/local/local_executor.hpp"

#include "targets/bounded.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/unit/targets/local/local_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

namespace tailops::targets {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(LocalExecutor, KeepsOutputErrorsAndExitStatusApart)
{
    const auto result =
        run({.argv = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, .input = {}});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 3);
    EXPECT_EQ(result->output, "out\n");
    EXPECT_EQ(result->diagnostics, "err\n");
    EXPECT_FALSE(result->truncated);
}

TEST(LocalExecutor, PassesArgumentsUntouched)
{
    const std::string nasty = "a b\n$(id) `id` 'q' \"d\" * ; -rf \x01";
    const auto result = run({.argv = {"printf", "%s", nasty}, .input = {}});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output, nasty);
}

TEST(LocalExecutor, FeedsTheInputAndClosesIt)
{
    const std::string input(300'000, 'x');
    const auto result = run({.argv = {"cat"}, .input = input}, 120s, 1'000'000);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output, input);
    // A program that does not read it is no failure.
    EXPECT_EQ(run({.argv = {"true"}, .input = input})->status, 0);
}

TEST(LocalExecutor, CountsWhatItDoesNotKeep)
{
    const auto result =
        run({.argv = {"head", "-c", "1000000", "/dev/zero"}, .input = {}}, 120s, 1000);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output.size(), 1000U);
    EXPECT_EQ(result->output_bytes, 1'000'000U);
    EXPECT_TRUE(result->truncated);
}

TEST(LocalExecutor, HandsTheWholeOfALongOutputOver)
{
    constexpr std::size_t size = 50'000'000;
    const auto sink = std::make_shared<testing::CollectingSink>();
    Command command{.argv = {"/bin/sh", "-c", "seq 1 6388889 | tee /dev/stderr | head -c 50000000"},
                    .input = {},
                    .rest = sink};
    const auto result = run(std::move(command), 120s, 65'536);
    ASSERT_TRUE(result) << result.error().describe();
    const auto expected = testing::numbered_lines(size);
    EXPECT_EQ(result->output, expected.substr(0, 65'536));
    EXPECT_EQ(result->output_tail, expected.substr(size - 65'536));
    EXPECT_EQ(result->output_bytes, size);
    EXPECT_EQ(result->output_lines, count_lines(expected));
    EXPECT_TRUE(sink->output == expected);
    EXPECT_TRUE(result->truncated);
    EXPECT_EQ(sink->diagnostics.size(), result->diagnostics_bytes);
    EXPECT_EQ(result->diagnostics, expected.substr(0, 65'536));
}

TEST(LocalExecutor, KeepsAShortOutputToItself)
{
    const auto sink = std::make_shared<testing::CollectingSink>();
    Command command{.argv = {"echo", "short"}, .input = {}, .rest = sink};
    ASSERT_TRUE(run(std::move(command)));
    EXPECT_EQ(sink->output, "");
}

TEST(LocalExecutor, TellsASignalFromAnExit)
{
    const auto result = run({.argv = {"/bin/sh", "-c", "kill -SEGV $$"}, .input = {}});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, -1);
    EXPECT_EQ(result->signal, "SEGV");
}

TEST(LocalExecutor, GivesNothingOfTheDaemonToTheChild)
{
    ::setenv("TAILOPS_TEST_SECRET", "hunter2", 1);
    const auto environment = run({.argv = {"env"}, .input = {}});
    EXPECT_EQ(environment->output.find("hunter2"), std::string::npos);
    const auto descriptors = run({.argv = {"ls", "/proc/self/fd"}, .input = {}});
    // 0, 1, 2, and the one with which ls reads the folder.
    EXPECT_EQ(descriptors->output, "0\n1\n2\n3\n");
    EXPECT_EQ(run({.argv = {"pwd"}, .input = {}})->output, "/\n");
}

TEST(LocalExecutor, RefusesWhatIsNoCommand)
{
    EXPECT_EQ(run({}).error().code(), Errc::invalid_argument);
    EXPECT_EQ(run({.argv = {""}, .input = {}}).error().code(), Errc::invalid_argument);
    EXPECT_EQ(run({.argv = {"ls", std::string{"a\0b", 3}}, .input = {}}).error().code(),
              Errc::invalid_argument);
    const auto absent = run({.argv = {"/nonexistent/program"}, .input = {}});
    EXPECT_EQ(absent.error().code(), Errc::not_found);
    EXPECT_TRUE(absent.error().has_nothing_begun());
}

TEST(LocalExecutor, EndsTheWholeGroupAtTheDeadline)
{
    // A child that ignores TERM, and a grandchild: both must be gone.
    const auto result = run(
        {.argv = {"/bin/sh", "-c", "trap '' TERM; sleep 98761 & sleep 98762"}, .input = {}}, 300ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::deadline_exceeded);
    EXPECT_EQ(result.error().public_message(), "the command did not end in time; it was stopped");
    EXPECT_FALSE(result.error().has_nothing_begun());
    EXPECT_TRUE(is_gone("98761"));
    EXPECT_TRUE(is_gone("98762"));
}

TEST(LocalExecutor, DoesNotWaitForABackgroundChildThatHoldsThePipes)
{
    const auto result = run({.argv = {"/bin/sh", "-c", "sleep 98763 & echo done"}, .input = {}});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output, "done\n");
    EXPECT_TRUE(is_gone("98763"));
}

TEST(LocalExecutor, StopsTheCommandOfACallerWhoLeaves)
{
    testing::run([](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        LocalExecutor executor;
        asio::cancellation_signal leave;
        std::optional<Result<ExecutionResult>> result;
        Command sleep;
        sleep.argv = {"sleep", "98764"};
        asio::co_spawn(
            home, [&]() -> Task<void> { result = co_await executor.run(permit(), sleep); },
            asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
        while (!is_running("98764")) co_await asio::post(home, asio::use_awaitable);
        leave.emit(asio::cancellation_type::terminal);
        while (!result) {
            asio::steady_timer turn{home, 1ms};
            co_await turn.async_wait(asio::use_awaitable);
        }
        EXPECT_EQ(result->error().code(), Errc::cancelled);
        EXPECT_TRUE(is_gone("98764"));
    });
}

/// Stands in for a target that answers when told to: what Bounded does is independent of any kind.
class FakeExecutor final : public Executor {
public:
    std::set<Facet> facets() const override { return {Facet::shell}; }
    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation) override
    {
        ++runs;
        timeout = permit.obligations().timeout;
        if (error) co_return fail(*error);
        co_return ExecutionResult{};
    }
    int runs{0};
    std::chrono::milliseconds timeout{0};
    std::optional<Error> error;
};

struct BoundedTest : ::testing::Test {
    Result<ExecutionResult> run_bounded(policy::Permit use, Operation operation)
    {
        Bounded bounded{TargetId{"local"}, {.timeout = 5s}, fake, states, clock};
        return tailops::testing::run([&](Runtime&) -> Task<Result<ExecutionResult>> {
            co_return co_await bounded.run(std::move(use), std::move(operation));
        });
    }
    std::shared_ptr<FakeExecutor> fake = std::make_shared<FakeExecutor>();
    StateBoard states;
    Clock clock;
};

TEST_F(BoundedTest, GivesTheShorterOfTheTwoTimes)
{
    ASSERT_TRUE(run_bounded(permit(60s), Command{}));
    EXPECT_LE(fake->timeout, 5s);
    EXPECT_GT(fake->timeout, 1s);
}

TEST_F(BoundedTest, RefusesAPermitForAnotherTarget)
{
    EXPECT_EQ(run_bounded(testing::any_permit(TargetId{"other"}), Command{}).error().code(),
              Errc::internal);
    EXPECT_EQ(fake->runs, 0);
}

TEST_F(BoundedTest, SaysWhatTheTargetDoesNotOffer)
{
    const auto refused = run_bounded(permit(), EngineCall{});
    EXPECT_EQ(refused.error().public_message(), "target \"local\" does not offer containers");
    EXPECT_TRUE(refused.error().has_nothing_begun());
    EXPECT_EQ(fake->runs, 0);
}

TEST_F(BoundedTest, DoesNothingInADryRun)
{
    policy::Obligations obligations;
    obligations.dry_run = true;
    const auto result = run_bounded(testing::any_permit(TargetId{"local"}, obligations),
                                    Command{.argv = {"reboot"}, .input = {}});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->dry_run);
    EXPECT_EQ(result->output, "would run [\"reboot\"]");
    EXPECT_EQ(fake->runs, 0);
}

TEST_F(BoundedTest, RemembersWhatOutcomesSayOfTheTarget)
{
    ASSERT_TRUE(run_bounded(permit(), Command{}));
    EXPECT_EQ(states.get(TargetId{"local"}).reach, Reach::reachable);
    fake->error = Error{Errc::unreachable, "no answer"};
    EXPECT_FALSE(run_bounded(permit(), Command{}));
    EXPECT_EQ(states.get(TargetId{"local"}).reach, Reach::unreachable);
    EXPECT_EQ(states.get(TargetId{"local"}).reason, "no answer");
    fake->error = Error{Errc::deadline_exceeded, "slow command"};
    EXPECT_FALSE(run_bounded(permit(), Command{}));
    EXPECT_EQ(states.get(TargetId{"local"}).reach, Reach::unreachable);
    fake->error = Error{Errc::unauthorized_there, "key refused"};
    EXPECT_FALSE(run_bounded(permit(), Command{}));
    EXPECT_EQ(states.get(TargetId{"local"}).reach, Reach::unauthorized);
}

}  // namespace
}  // namespace tailops::targets
