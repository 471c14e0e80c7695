#include "targets/docker/docker_executor.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "targets/http/api_path.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/docker.hpp"
#include "tests/support/permit.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/fsuid.h>

namespace tailops::targets {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::any_permit;
using testing::DockerEngine;

/// One engine for all tests of the program, started by the first.
class DockerExecutor : public ::testing::Test {
protected:
    static void SetUpTestSuite() { engine_ = std::make_unique<DockerEngine>(); }
    static void TearDownTestSuite() { engine_.reset(); }

    static DockerEngine& engine() { return *engine_; }

    static std::shared_ptr<Executor> executor() { return executor_of(engine()); }

    static std::shared_ptr<Executor> executor_of(const DockerEngine& engine)
    {
        DockerConnection connection;
        connection.socket_path = engine.socket_path();
        auto made = make_docker_executor(connection);
        if (!made) throw std::runtime_error{made.error().describe()};
        return *made;
    }

    static Result<ExecutionResult> run(std::shared_ptr<Executor> executor,
                                       Operation operation,
                                       policy::Obligations obligations = {.timeout = 120s})
    {
        std::optional<Result<ExecutionResult>> outcome;
        start(executor, std::move(operation), obligations, outcome);
        finish();
        return *std::move(outcome);
    }

    /// Begins a call whose outcome is there after finish().
    static void start(std::shared_ptr<Executor> executor,
                      Operation operation,
                      policy::Obligations obligations,
                      std::optional<Result<ExecutionResult>>& outcome,
                      asio::cancellation_slot slot = {})
    {
        asio::co_spawn(
            asio::make_strand(io()),
            [executor, operation, obligations]() -> Task<Result<ExecutionResult>> {
                auto permit = any_permit(TargetId{"dock"}, obligations);
                auto copy = operation;
                co_return co_await executor->run(std::move(permit), std::move(copy));
            },
            asio::bind_cancellation_slot(
                slot, [&outcome](std::exception_ptr thrown, Result<ExecutionResult> result) {
                    if (thrown) std::rethrow_exception(thrown);
                    outcome = std::move(result);
                }));
    }

    static void finish()
    {
        io().restart();
        io().run();
    }

    /// Kept connections live in it, so it is one for all calls of an executor.
    static asio::io_context& io()
    {
        static asio::io_context context{1};
        return context;
    }

    static EngineCall get(std::string path, Query query = {})
    {
        EngineCall call;
        call.path = std::move(path);
        call.query = std::move(query);
        return call;
    }

    static EngineCall logs_of(const std::string& container, Query query)
    {
        auto call = get("/containers/" + container + "/logs", std::move(query));
        call.answer = EngineCall::Answer::log;
        return call;
    }

    static EngineCall post(std::string path, Query query = {})
    {
        auto call = get(std::move(path), std::move(query));
        call.method = "POST";
        return call;
    }

private:
    static inline std::unique_ptr<DockerEngine> engine_;
};

TEST_F(DockerExecutor, ProbesTheEngine)
{
    const auto result = run(executor(), Probe{});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->status, 200);
    EXPECT_TRUE(result->output.starts_with("Docker Engine API 1.")) << result->output;
    EXPECT_EQ(executor()->facets(), (std::set{Facet::reachability, Facet::containers}));
}

TEST_F(DockerExecutor, ListsAndInspectsContainers)
{
    engine().run_container("web", "sleep 1000", {"--label", "app=a b&c"});
    const auto list =
        run(executor(), get("/containers/json", {{"filters", R"({"label":["app=a b&c"]})"}}));
    ASSERT_TRUE(list) << list.error().describe();
    EXPECT_EQ(list->status, 200);
    EXPECT_EQ(list->content_type, "application/json");
    EXPECT_EQ(list->output_bytes, list->output.size());
    const auto containers = parse_json(list->output);
    ASSERT_TRUE(containers);
    EXPECT_EQ(containers->size(), 1U);

    const auto web = run(executor(), get("/containers/web/json"));
    ASSERT_TRUE(web);
    EXPECT_EQ(text_member(*parse_json(web->output), "Name"), "/web");
}

TEST_F(DockerExecutor, TakesAnErrorOfTheEngineForAResult)
{
    const auto missing = run(executor(), get("/containers/nope/json"));
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->status, 404);
    EXPECT_NE(missing->output.find("No such container"), std::string::npos);

    const auto start = run(executor(), post("/containers/nope/start"));
    ASSERT_TRUE(start);
    EXPECT_EQ(start->status, 404);
}

TEST_F(DockerExecutor, BringsLogsAsText)
{
    engine().run_container("talker", "echo out; echo err >&2; echo again");
    engine().run_container("terminal", "echo one; echo two", {"-t"});
    engine().docker({"wait", "talker", "terminal"});

    const Query both{{"stdout", "1"}, {"stderr", "1"}, {"tail", "50"}};
    const auto talker = run(executor(), logs_of("talker", both));
    ASSERT_TRUE(talker);
    // The engine may bring the two streams in another order than they were written in.
    auto lines = split(trim(talker->output), '\n');
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (std::vector<std::string_view>{"again", "err", "out"}));
    EXPECT_EQ(talker->content_type, "text/plain");
    EXPECT_EQ(talker->output_lines, 3U);
    const auto terminal = run(executor(), logs_of("terminal", both));
    ASSERT_TRUE(terminal);
    EXPECT_EQ(terminal->output, "one\r\ntwo\r\n");
    EXPECT_EQ(run(executor(), logs_of("nobody", both))->status, 404);
}

TEST_F(DockerExecutor, HandsTheWholeOfALongLogOver)
{
    engine().run_container("novelist", "seq 1 100000; exec sleep 1000");
    engine().wait_for_log("novelist", "100000");
    const auto sink = std::make_shared<testing::CollectingSink>();
    auto call = logs_of("novelist", {{"stdout", "1"}, {"stderr", "1"}});
    call.rest = sink;
    const auto logs = run(executor(), call, {.timeout = 120s, .output_limit_bytes = 1000});
    ASSERT_TRUE(logs) << logs.error().describe();
    const auto expected = testing::numbered_lines(588'895);  // up to "100000\n"
    EXPECT_EQ(logs->output, expected.substr(0, 1000));
    EXPECT_EQ(logs->output_tail, expected.substr(expected.size() - 1000));
    EXPECT_EQ(logs->output_bytes, expected.size());
    EXPECT_EQ(logs->output_lines, 100'000U);
    EXPECT_TRUE(logs->truncated);
    EXPECT_TRUE(sink->output == expected);
}

TEST_F(DockerExecutor, RestartsAContainer)
{
    engine().run_container("service", "sleep 1000");
    const auto dock = executor();
    const auto started = [&] {
        const auto json = parse_json(run(dock, get("/containers/service/json"))->output);
        return std::string{text_member(*find_member(*json, "State"), "StartedAt")};
    };
    const auto before = started();
    const auto restarted = run(dock, post("/containers/service/restart", {{"t", "0"}}));
    ASSERT_TRUE(restarted) << restarted.error().describe();
    EXPECT_EQ(restarted->status, 204);
    EXPECT_NE(started(), before);
}

TEST_F(DockerExecutor, SendsAJsonBody)
{
    auto create = post("/containers/create", {{"name", "made"}});
    create.body = R"({"Image":"bb:1","Cmd":["true"]})";
    const auto created = run(executor(), create);
    ASSERT_TRUE(created);
    EXPECT_EQ(created->status, 201) << created->output;
}

TEST_F(DockerExecutor, KeepsNoMoreOutputThanPermitted)
{
    engine().run_container("chatty", "seq 1 20000; exec sleep 1000");
    engine().wait_for_log("chatty", "20000");
    const auto logs = run(executor(), logs_of("chatty", {{"stdout", "1"}}),
                          {.timeout = 120s, .output_limit_bytes = 1000});
    ASSERT_TRUE(logs);
    EXPECT_TRUE(logs->truncated);
    EXPECT_EQ(logs->output, testing::numbered_lines(1000));
}

TEST_F(DockerExecutor, SaysThatAWorkMayGoOnWhenItsTimeIsUp)
{
    // The shell ignores SIGTERM, so the engine waits for the grace time of the stop.
    engine().run_container("stubborn", "trap '' TERM; while true; do sleep 1; done");
    const auto dock = executor();
    ASSERT_TRUE(run(dock, Probe{}));
    const auto stopped =
        run(dock, post("/containers/stubborn/stop", {{"t", "60"}}), {.timeout = 3s});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), Errc::deadline_exceeded);
    EXPECT_EQ(stopped.error().public_message(),
              "the Docker engine of target \"dock\" did not answer in time; it may still finish "
              "the stop");
    EXPECT_FALSE(stopped.error().has_nothing_begun());
    const auto waited =
        run(dock, get("/containers/stubborn/logs", {{"stdout", "1"}, {"follow", "1"}}),
            {.timeout = 3s});
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().public_message(),
              "the Docker engine of target \"dock\" did not answer in time");
}

TEST_F(DockerExecutor, AbortsWhenCancelled)
{
    engine().run_container("waiting", "sleep 1000");
    asio::cancellation_signal signal;
    std::optional<Result<ExecutionResult>> outcome;
    start(executor(), post("/containers/waiting/wait"), {.timeout = 1h}, outcome, signal.slot());
    asio::steady_timer soon{io(), 200ms};
    soon.async_wait([&](auto) { signal.emit(asio::cancellation_type::terminal); });
    finish();
    ASSERT_TRUE(outcome && !*outcome);
    EXPECT_EQ(outcome->error().code(), Errc::cancelled);
}

/// Kills `engine` once `file` is there.
Task<void> kill_when_there(DockerEngine& engine, std::string file)
{
    asio::steady_timer pause{co_await asio::this_coro::executor};
    while (!std::filesystem::exists(file)) {
        pause.expires_after(10ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    engine.kill();
}

TEST_F(DockerExecutor, NoticesThatTheEngineWentAndComesBack)
{
    testing::TemporaryDirectory shared;
    DockerEngine mortal;
    mortal.run_container("patient",
                         "trap 'echo > /shared/asked-to-stop' TERM; echo > /shared/ready; "
                         "while true; do sleep 0.1; done",
                         {"-v", shared.path().string() + ":/shared"});
    const auto dock = executor_of(mortal);
    ASSERT_TRUE(run(dock, Probe{}));
    // A first process that has not set its trap yet does not hear of a SIGTERM.
    while (!std::filesystem::exists(shared.file("ready"))) ::usleep(1000);

    // Killed while it waits for the container to stop: the answer never comes.
    std::optional<Result<ExecutionResult>> outcome;
    start(dock, post("/containers/patient/stop", {{"t", "600"}}), {.timeout = 1h}, outcome);
    asio::co_spawn(io(), kill_when_there(mortal, shared.file("asked-to-stop")), asio::detached);
    finish();
    ASSERT_TRUE(outcome && !*outcome);
    EXPECT_EQ(outcome->error().code(), Errc::unreachable);
    EXPECT_EQ(outcome->error().public_message(),
              "the Docker engine of target \"dock\" broke off without an answer; it may still "
              "finish the stop");
    EXPECT_FALSE(outcome->error().has_nothing_begun());

    const auto gone = run(dock, post("/containers/patient/stop"));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code(), Errc::unreachable);
    EXPECT_EQ(gone.error().public_message(),
              "the Docker engine of target \"dock\" cannot be reached");
    EXPECT_TRUE(gone.error().has_nothing_begun());

    mortal.start();
    const auto back = run(dock, get("/containers/json"));
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(back->status, 200);
}

TEST_F(DockerExecutor, IsUnauthorizedWhereTheSocketIsNotOurs)
{
    // Root may open any socket: the thread gives up its file system identity for a moment.
    ::setfsuid(65534);
    const auto refused = run(executor(), Probe{});
    ::setfsuid(0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::unauthorized_there) << refused.error().describe();
    EXPECT_EQ(refused.error().public_message().find("docker.sock"), std::string::npos);
}

TEST_F(DockerExecutor, RefusesWhatIsNoEngineCall)
{
    Command command_line;
    command_line.argv = {"true"};
    const auto command = run(executor(), command_line);
    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().code(), Errc::invalid_argument);
    for (const std::string path :
         {"containers/json", "/containers/../images/json", "/containers/a?all=1",
          "/containers//json", "/containers/a%2fjson", "/containers/a b/json",
          "/containers/a\r\nX: y/json"}) {
        const auto result = run(executor(), get(path));
        ASSERT_FALSE(result) << path;
        EXPECT_EQ(result.error().code(), Errc::invalid_argument) << path;
    }
}

}  // namespace
}  // namespace tailops::targets
