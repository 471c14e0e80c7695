#include "targets/docker/docker_executor.hpp"
#include "targets/http/http_executor.hpp"
#include "targets/local/local_executor.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

#include <filesystem>

/// What every kind of executor promises of the point of no return: nothing is done whose commitment
/// is withdrawn, and what is done has begun.
namespace tailops::targets {
namespace {

using testing::answer;
using testing::Peer;
using testing::ScriptedServer;

/// One operation that changes something, and how often the target was asked for it.
struct Kind {
    std::string name;
    std::function<std::shared_ptr<Executor>(Runtime&)> executor;
    std::function<Operation()> change;
    std::function<int()> changes;
};

Result<ExecutionResult> run(const Kind& kind, const Commitment& commitment)
{
    return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = kind.executor(runtime);
        auto permit =
            testing::any_permit(TargetId{"web-01"}, ssh::within(std::chrono::seconds{20}));
        permit.commit_with(commitment);
        auto operation = kind.change();
        co_return co_await executor->run(std::move(permit), std::move(operation));
    });
}

void expect_to_keep_the_promise(const Kind& kind)
{
    SCOPED_TRACE(kind.name);
    const Commitment left{Commitment::Once::held};
    left.withdraw(caller_left());
    const auto refused = run(kind, left);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::cancelled) << refused.error().describe();
    EXPECT_TRUE(refused.error().has_nothing_begun());
    EXPECT_EQ(kind.changes(), 0);

    const Commitment stays{Commitment::Once::held};
    const auto done = run(kind, stays);
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(kind.changes(), 1);
    stays.withdraw(caller_left());
    EXPECT_EQ(stays.withdrawn(), nullptr) << "it did not say that it began";
}

int files_in(const std::filesystem::path& folder)
{
    const std::filesystem::directory_iterator files{folder};
    return static_cast<int>(std::distance(begin(files), end(files)));
}

TEST(PointOfNoReturn, IsKeptByLocalTargets)
{
    const testing::TemporaryDirectory marks;
    expect_to_keep_the_promise(
        {.name = "local",
         .executor = [](Runtime&) { return std::make_shared<LocalExecutor>(); },
         .change = [&] { return ssh::command({"touch", marks.file("mark")}); },
         .changes = [&] { return files_in(marks.path()); }});
}

TEST(PointOfNoReturn, IsKeptBySshTargets)
{
    const testing::OpenSshServer server;
    const ssh::Rig rig{server};
    const testing::TemporaryDirectory marks;
    std::filesystem::permissions(marks.path(), std::filesystem::perms::all);
    expect_to_keep_the_promise(
        {.name = "ssh",
         .executor = [&](Runtime& runtime) { return rig.make(runtime); },
         .change = [&] { return ssh::command({"touch", marks.file("mark")}); },
         .changes = [&] { return files_in(marks.path()); }});
}

/// Answers requests until the client goes, and counts those that change something.
testing::Script counting(std::atomic<int>& changes)
{
    return [&changes](Peer& peer) {
        for (;;) {
            const auto request = peer.read_request();
            if (request.empty()) return;
            if (request.starts_with("POST")) ++changes;
            const auto* body = request.starts_with("GET /version")
                                   ? R"({"ApiVersion": "1.44", "MinAPIVersion": "1.24"})"
                                   : "{}";
            peer.write(answer(200, body));
        }
    };
}

TEST(PointOfNoReturn, IsKeptByHttpTargets)
{
    std::atomic<int> changes{0};
    const ScriptedServer server{{counting(changes), counting(changes)}};
    HttpConnection connection;
    connection.base_url = server.url();
    connection.methods = {"POST"};
    expect_to_keep_the_promise(
        {.name = "http",
         .executor = [&](Runtime&) { return make_http_executor(connection, {}).value(); },
         .change =
             [] {
                 HttpCall call;
                 call.method = "POST";
                 call.path = "/things";
                 return Operation{call};
             },
         .changes = [&] { return changes.load(); }});
}

TEST(PointOfNoReturn, IsKeptByDockerTargets)
{
    std::atomic<int> changes{0};
    const testing::TemporaryDirectory directory;
    const auto path = directory.file("docker.sock");
    const ScriptedServer engine{path, {counting(changes), counting(changes)}};
    DockerConnection connection;
    connection.socket_path = path;
    expect_to_keep_the_promise(
        {.name = "docker",
         .executor = [&](Runtime&) { return make_docker_executor(connection).value(); },
         .change =
             [] {
                 EngineCall call;
                 call.method = "POST";
                 call.path = "/containers/web/restart";
                 return Operation{call};
             },
         .changes = [&] { return changes.load(); }});
}

}  // namespace
}  // namespace tailops::targets
