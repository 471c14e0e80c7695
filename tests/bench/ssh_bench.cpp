// What a command over SSH costs, beside OpenSSH's own connection sharing in the same run.
//
//   ssh_bench [commands]
//
// Starts an sshd on the loopback interface, runs `true` through one SshExecutor and through
// `ssh -S master`, and prints rates, their ratios, the cold start and our CPU time per command.

#include "gateway/core/text.hpp"
#include "targets/ssh/exec.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/ssh_executor.hpp"
#include "tests/bench/figure.hpp"
#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"
#include "tests/support/sshd.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <stdexcept>

namespace tailops {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using targets::SshExecutor;

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

targets::Operation true_command()
{
    return targets::Command{.argv = {"true"}, .input = {}};
}

Task<void> run_some(std::shared_ptr<SshExecutor> executor, int count)
{
    for (int i = 0; i < count; ++i) {
        auto result =
            co_await executor->run(testing::any_permit(TargetId{"bench"}), true_command());
        if (!result || result->status != 0) {
            throw std::runtime_error{result ? "the command failed" : result.error().describe()};
        }
    }
}

Task<void> run_lanes(Runtime& runtime, std::shared_ptr<SshExecutor> executor, int lanes, int count)
{
    std::exception_ptr failed;
    const auto home = co_await asio::this_coro::executor;
    asio::steady_timer all{home, asio::steady_timer::time_point::max()};
    int left = lanes;
    for (int lane = 0; lane < lanes; ++lane) {
        asio::co_spawn(asio::make_strand(runtime.io), run_some(executor, count / lanes),
                       [&all, &left, &failed, home](std::exception_ptr thrown) {
                           asio::post(home, [&all, &left, &failed, thrown] {
                               if (thrown) failed = thrown;
                               if (--left == 0) all.cancel();
                           });
                       });
    }
    boost::system::error_code ignored;
    co_await all.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (failed) std::rethrow_exception(failed);
}

struct Rate {
    double per_second{0};
    double cpu_milliseconds{0};
};

Rate measure(const SshExecutor::Setup& setup, int lanes, int count)
{
    Rate rate;
    testing::run([&](Runtime& runtime) -> Task<int> {
        const auto executor =
            SshExecutor::make(runtime.io.get_executor(), setup, targets::ssh::Timing{}).value();
        co_await run_some(executor, 20);
        const double cpu = cpu_seconds();
        const auto start = Clock::now();
        co_await run_lanes(runtime, executor, lanes, count);
        rate.per_second = count / seconds_since(start);
        rate.cpu_milliseconds = (cpu_seconds() - cpu) * 1000 / count;
        co_return 0;
    });
    return rate;
}

/// Median of dial, login and one command, in milliseconds.
double measure_cold(const SshExecutor::Setup& setup)
{
    std::vector<double> times;
    for (int i = 0; i < 15; ++i) {
        testing::run([&](Runtime& runtime) -> Task<int> {
            const auto executor =
                SshExecutor::make(runtime.io.get_executor(), setup, targets::ssh::Timing{}).value();
            const auto start = Clock::now();
            co_await run_some(executor, 1);
            times.push_back(seconds_since(start) * 1000);
            co_return 0;
        });
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

/// `ssh -S master` once per command, `lanes` at a time; commands per second.
double measure_control_master(const testing::SshServer& server,
                              const SshExecutor::Setup& setup,
                              int lanes,
                              int count)
{
    const auto socket = server.file("master-" + std::to_string(lanes));
    const std::vector<std::string> common{"ssh",
                                          "-F",
                                          "none",
                                          "-S",
                                          socket,
                                          "-p",
                                          std::to_string(server.port()),
                                          "-i",
                                          server.user_key(),
                                          "-o",
                                          "UserKnownHostsFile=" + setup.known_hosts_file,
                                          "-l",
                                          setup.connection.username};
    auto master_argv = common;
    for (const char* word : {"-M", "-N", "127.0.0.1"}) master_argv.emplace_back(word);
    const testing::Program master{master_argv, server.file("master.log")};
    testing::eventually([&] { return std::filesystem::exists(socket); });
    auto argv = common;
    // Without the proxy a client whom the master does not serve would quietly log in by itself.
    for (const char* word : {"-o", "ProxyCommand=false", "127.0.0.1", "exec true"}) {
        argv.emplace_back(word);
    }
    const auto finish = [](testing::Program& program) {
        if (const int status = program.wait(); status != 0) {
            throw std::runtime_error{"ssh -S exited " + std::to_string(status)};
        }
    };

    const auto start = Clock::now();
    std::deque<std::unique_ptr<testing::Program>> running;
    for (int i = 0; i < count; ++i) {
        if (static_cast<int>(running.size()) == lanes) {
            finish(*running.front());
            running.pop_front();
        }
        running.push_back(std::make_unique<testing::Program>(argv, "/dev/null"));
    }
    for (auto& program : running) finish(*program);
    return count / seconds_since(start);
}

}  // namespace
}  // namespace tailops

int main(int argc, char** argv)
try {
    using namespace tailops;
    const int count = argc > 1 ? static_cast<int>(parse_int(argv[1], 64, 1'000'000).value()) : 640;
    const testing::OpenSshServer server;
    const testing::TemporaryDirectory directory;
    SshExecutor::Setup setup;
    setup.id = TargetId{"bench"};
    setup.connection.host = "127.0.0.1";
    setup.connection.port = server.port();
    setup.connection.username = testing::LoginUser::get().name;
    setup.connection.key_path = server.user_key();
    setup.connection.channels_max = 16;
    setup.known_hosts_file = directory.file("known_hosts");
    const auto key = targets::ssh::parse_host_key(server.host_key()).value();
    if (!targets::ssh::trust_host_key(setup.known_hosts_file, "127.0.0.1", server.port(), key)) {
        return 1;
    }
    const auto one = measure(setup, 1, count);
    const auto sixteen = measure(setup, 16, count * 2);
    const double master_one = measure_control_master(server, setup, 1, count / 4);
    const double master_sixteen = measure_control_master(server, setup, 16, count / 4);
    std::printf("ssh sequential      %7.0f exec/s  %.3f ms CPU  %4.1f x ControlMaster (%.0f/s)\n",
                one.per_second, one.cpu_milliseconds, one.per_second / master_one, master_one);
    std::printf("ssh 16 in parallel  %7.0f exec/s  %.3f ms CPU  %4.1f x ControlMaster (%.0f/s)\n",
                sixteen.per_second, sixteen.cpu_milliseconds, sixteen.per_second / master_sixteen,
                master_sixteen);
    const double cold = measure_cold(setup);
    std::printf("ssh cold            %7.1f ms (dial, login, command)\n", cold);
    using enum bench::Wanted;
    bench::report({"ssh exec, one after the other", one.per_second, "/s", at_least, 400});
    bench::report({"ssh exec, one after the other / ControlMaster", one.per_second / master_one,
                   "x", at_least, 2.5});
    bench::report({"ssh exec, 16 in parallel", sixteen.per_second, "/s", at_least, 900});
    bench::report({"ssh cold: dial, login, exec", cold, "ms", at_most, 25});
    bench::report({"ssh, our CPU per exec", one.cpu_milliseconds, "ms", at_most, 0.2});
} catch (const std::exception& error) {
    // Caught, so that the servers above are ended.
    std::fprintf(stderr, "ssh_bench: %s\n", error.what());
    return 1;
}
