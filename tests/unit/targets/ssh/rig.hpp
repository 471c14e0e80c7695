#pragma once

#include "targets/ssh/exec.hpp"
#include "targets/ssh/host_scan.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/ssh_executor.hpp"
#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"
#include "tests/support/sshd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tailops::targets::ssh {

using testing::OpenSshServer;
using testing::SshServer;

/// An SSH target for a test: how to reach a server, with a known_hosts file of its own.
struct Rig {
    explicit Rig(const SshServer& server, std::string id = "web-01")
    {
        setup.id = TargetId{std::move(id)};
        setup.connection.host = "127.0.0.1";
        setup.connection.port = server.port();
        setup.connection.username = server.username();
        setup.connection.key_path = server.user_key();
        setup.connection.channels_max = 16;
        setup.connection.connect_timeout = std::chrono::seconds{60};
        setup.known_hosts_file = directory.file("known_hosts");
        trust(server);
    }

    void trust(const SshServer& server) const
    {
        const auto done = trust_host_key(setup.known_hosts_file, "127.0.0.1", server.port(),
                                         parse_host_key(server.host_key()).value());
        if (!done) throw std::runtime_error{done.error().describe()};
    }

    std::shared_ptr<SshExecutor> make(Runtime& runtime) const
    {
        return SshExecutor::make(runtime.io.get_executor(), setup, timing).value();
    }

    testing::TemporaryDirectory directory;
    SshExecutor::Setup setup;
    // What has to come within these comes on a busy machine, too.
    Timing timing{.stop_grace = std::chrono::seconds{5},
                  .sweep = std::chrono::seconds{60},
                  .no_room_patience = std::chrono::seconds{30}};
};

/// What a command is given that is to outlast it. Its start must not.
inline constexpr std::chrono::milliseconds short_time{3000};

inline policy::Obligations within(std::chrono::milliseconds timeout,
                                  std::size_t output_limit_bytes = 65'536)
{
    return {.timeout = timeout, .output_limit_bytes = output_limit_bytes};
}

/// For what must not come too late.
inline policy::Obligations in_good_time(std::size_t output_limit_bytes = 65'536)
{
    return within(std::chrono::seconds{120}, output_limit_bytes);
}

/// A function, because GCC 12 moves an aggregate made in a coroutine's expression byte by byte.
inline Operation command(std::vector<std::string> argv, std::string input = {})
{
    return Command{.argv = std::move(argv), .input = std::move(input)};
}

inline Operation engine_call()
{
    return EngineCall{};
}

inline Task<Result<ExecutionResult>> run_argv(std::shared_ptr<SshExecutor> executor,
                                              std::vector<std::string> argv,
                                              policy::Obligations obligations = in_good_time(),
                                              std::string input = {})
{
    co_return co_await executor->run(testing::any_permit(TargetId{"web-01"}, obligations),
                                     command(std::move(argv), std::move(input)));
}

/// Runs one command through an executor that exists only for it.
inline Result<ExecutionResult> run_once(const Rig& rig,
                                        std::vector<std::string> argv,
                                        policy::Obligations obligations = in_good_time(),
                                        std::string input = {})
{
    return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        co_return co_await run_argv(executor, argv, obligations, input);
    });
}

/// As run_once(), on a session that is logged in already: for a deadline that is the command's.
inline Result<ExecutionResult> run_warm(const Rig& rig,
                                        std::vector<std::string> argv,
                                        policy::Obligations obligations)
{
    return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        const std::vector<std::string> warm_up{"true"};
        auto first = co_await run_argv(executor, warm_up);
        if (!first) co_return first;
        co_return co_await run_argv(executor, argv, obligations);
    });
}

inline Result<ExecutionResult> probe_once(const Rig& rig,
                                          policy::Obligations obligations = in_good_time())
{
    return testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        const auto executor = rig.make(runtime);
        co_return co_await executor->run(testing::any_permit(rig.setup.id, obligations),
                                         Operation{Probe{}});
    });
}

/// "" when `result` is a value, else the error in words: for readable failures.
template <class T>
std::string why(const Result<T>& result)
{
    return result ? "" : result.error().describe();
}

inline void expect_error(const Result<ExecutionResult>& result, Errc code, const std::string& words)
{
    ASSERT_FALSE(result) << "it succeeded; output: " << result->output;
    EXPECT_EQ(to_string(result.error().code()), to_string(code)) << result.error().describe();
    EXPECT_THAT(result.error().public_message(), ::testing::HasSubstr(words));
}

}  // namespace tailops::targets::ssh
