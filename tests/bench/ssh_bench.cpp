// What a command over SSH costs, beside a bare libssh loop and OpenSSH's own connection sharing in
// the same run.
//
//   ssh_bench [commands]
//
// Starts an sshd on the loopback interface, runs `true` through one SshExecutor, through libssh
// with nothing around it and through `ssh -S master`, and prints rates, their ratios, the cold
// start, and the CPU time per command, ours and sshd's. sshd's alone bounds the rate: a machine of
// two cores runs at most 2 / (sshd's + ours) commands per second.

#include "gateway/core/text.hpp"
#include "targets/ssh/exec.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/ssh_executor.hpp"
#include "tests/bench/bare_libssh.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/lanes.hpp"
#include "tests/bench/measuring.hpp"
#include "tests/support/run.hpp"
#include "tests/support/sshd.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <stdexcept>

namespace tailops {
namespace {

using bench::Clock;
using bench::Rate;
using bench::seconds_since;
using bench::Stopwatch;
using targets::SshExecutor;

// What the gateway sends for `true`: the shell becomes /usr/bin/true. The shell's own builtin would
// save sshd's side a third of its time.
constexpr const char* true_line = "exec 'true'";

/// `true` on the one target there is.
bench::Work work_of(std::shared_ptr<SshExecutor> executor)
{
    return {.executor = std::move(executor),
            .target = TargetId{"bench"},
            .operation = targets::Command{.argv = {"true"}, .input = {}}};
}

Rate measure(const testing::SshServer& server,
             const SshExecutor::Setup& setup,
             int lanes,
             int count)
{
    Rate rate;
    testing::run([&](Runtime& runtime) -> Task<int> {
        const auto executor =
            SshExecutor::make(runtime.io.get_executor(), setup, targets::ssh::Timing{}).value();
        const auto work = work_of(executor);
        co_await bench::repeat(work, 20);
        const std::vector<bench::Work> all(static_cast<std::size_t>(lanes), work);
        const Stopwatch watch{{server.pid()}};
        co_await bench::repeat_all(runtime, all, count / lanes);
        rate = watch.rate_of(count);
        co_return 0;
    });
    return rate;
}

Rate measure_bare(const testing::SshServer& server, int lanes, int count)
{
    bench::BareSession session{server};
    session.run(true_line, 1, 20);
    const Stopwatch watch{{server.pid()}};
    session.run(true_line, lanes, count);
    return watch.rate_of(count);
}

/// Median of dial, login and one command, in milliseconds.
double measure_cold(const SshExecutor::Setup& setup)
{
    std::vector<double> times;
    for (int i = 0; i < 15; ++i) {
        testing::run([&](Runtime& runtime) -> Task<int> {
            const auto executor =
                SshExecutor::make(runtime.io.get_executor(), setup, targets::ssh::Timing{}).value();
            const auto work = work_of(executor);
            const auto start = Clock::now();
            co_await bench::repeat(work, 1);
            times.push_back(seconds_since(start) * 1000);
            co_return 0;
        });
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

double measure_bare_cold(const testing::SshServer& server)
{
    std::vector<double> times;
    for (int i = 0; i < 15; ++i) {
        const auto start = Clock::now();
        bench::BareSession session{server};
        session.run(true_line, 1, 1);
        times.push_back(seconds_since(start) * 1000);
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
    for (const char* word : {"-o", "ProxyCommand=false", "127.0.0.1", true_line}) {
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

struct Compared {
    Rate ours;
    double master_per_second{0};
};

/// All three with `lanes` commands at once; prints what it measured.
Compared compare(const testing::SshServer& server,
                 const SshExecutor::Setup& setup,
                 int lanes,
                 int count)
{
    const auto ours = measure(server, setup, lanes, count);
    const auto bare = measure_bare(server, lanes, count);
    // Fewer of these: each is a program of its own.
    const double master = measure_control_master(server, setup, lanes, count / 4);
    std::printf("ssh %2d at once  %5.0f exec/s  CPU ms: %.3f ours, %.2f sshd\n", lanes,
                ours.per_second, ours.cpu_milliseconds, ours.server_cpu_milliseconds);
    std::printf("  bare libssh   %5.0f exec/s  CPU ms: %.3f own,  %.2f sshd; ours runs at %.2f\n",
                bare.per_second, bare.cpu_milliseconds, bare.server_cpu_milliseconds,
                ours.per_second / bare.per_second);
    std::printf("  ControlMaster %5.0f exec/s  ours runs at %.2f\n", master,
                ours.per_second / master);
    return {ours, master};
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
    const auto one = compare(server, setup, 1, count);
    const auto sixteen = compare(server, setup, 16, count * 2);
    const double cold = measure_cold(setup);
    std::printf("ssh cold        %5.1f ms (dial, login, command; bare libssh %.1f)\n", cold,
                measure_bare_cold(server));
    using enum bench::Wanted;
    bench::report({"ssh exec, one after the other", one.ours.per_second, "/s", at_least, 400});
    bench::report({"ssh exec, one after the other / ControlMaster",
                   one.ours.per_second / one.master_per_second, "x", at_least, 2.5});
    bench::report({"ssh exec, 16 in parallel", sixteen.ours.per_second, "/s", at_least, 900});
    bench::report({"ssh cold: dial, login, exec", cold, "ms", at_most, 25});
    bench::report({"ssh, our CPU per exec", one.ours.cpu_milliseconds, "ms", at_most, 0.2});
} catch (const std::exception& error) {
    // Caught, so that the servers above are ended.
    std::fprintf(stderr, "ssh_bench: %s\n", error.what());
    return 1;
}
