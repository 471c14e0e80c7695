// What it takes to ask many machines at once, beside ansible and clush in the same run.
//
//   fanout_bench [endpoints...]        by default 20 50
//
// Several sshd listen on as many addresses as there are endpoints, 127.0.1.1 and on; each is a
// target of its own, with an SshExecutor and a session of its own. Prints the time that `uptime`
// takes on all of them, from nothing and with warm sessions, our memory per warm session and our
// threads; and what ansible (pipelining, ControlPersist) and clush need for the same with their
// connections warm. sshd's CPU time bounds it all: the best possible is endpoints x sshd's per
// command / cores.

#include "gateway/core/text.hpp"
#include "targets/ssh/exec.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/ssh_executor.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/lanes.hpp"
#include "tests/bench/measuring.hpp"
#include "tests/support/run.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdio>

namespace tailops {
namespace {

using bench::Clock;
using bench::seconds_since;
using bench::Stopwatch;
using targets::SshExecutor;

constexpr int rounds = 7;

std::string address(int endpoint)
{
    return "127.0.1." + std::to_string(endpoint + 1);
}

// sshd listens on 16 sockets at most; the tests' sshd always has one on 127.0.0.1.
constexpr int addresses_per_server = 15;

std::string listening(int from, int to)
{
    std::string lines{"MaxStartups 400\n"};
    for (int i = from; i < to; ++i) lines += "ListenAddress " + address(i) + '\n';
    return lines;
}

/// A number of /proc/self/status: "VmRSS" in KiB, "Threads".
int own_status(const std::string& name)
{
    const auto status = testing::read_text("/proc/self/status");
    const auto at = status.find('\n' + name + ':');
    std::istringstream rest{status.substr(at + name.size() + 2)};
    int value = 0;
    rest >> value;
    return value;
}

/// The endpoints as targets, and the files that OpenSSH's client and its users need for them.
class Fleet {
public:
    explicit Fleet(int endpoints) : endpoints_{endpoints}
    {
        std::filesystem::create_directory(directory_.file("masters"));
        std::ofstream inventory{directory_.file("inventory")};
        std::ofstream config{directory_.file("ssh_config")};
        for (int i = 0; i < endpoints; ++i) {
            if (i % addresses_per_server == 0) {
                servers_.push_back(std::make_unique<testing::OpenSshServer>(
                    listening(i, std::min(i + addresses_per_server, endpoints))));
            }
            const auto& server = *servers_.back();
            const auto key = targets::ssh::parse_host_key(server.host_key()).value();
            if (!targets::ssh::trust_host_key(known_hosts(), address(i), server.port(), key)) {
                throw std::runtime_error{"the known hosts cannot be written"};
            }
            inventory << address(i) << " ansible_python_interpreter=/usr/bin/python3\n";
            config << "Host " << address(i) << "\n  Port " << server.port() << "\n  IdentityFile "
                   << server.user_key() << '\n';
        }
        config << "Host *\n  User " << testing::LoginUser::get().name << "\n  UserKnownHostsFile "
               << known_hosts() << "\n  ControlMaster auto\n  ControlPersist 60\n  ControlPath "
               << directory_.file("masters") << "/%h\n";
    }

    std::vector<bench::Work> connect(Runtime& runtime) const
    {
        std::vector<bench::Work> all;
        for (int i = 0; i < endpoints_; ++i) {
            SshExecutor::Setup setup;
            setup.id = TargetId{"node-" + std::to_string(i)};
            setup.connection.host = address(i);
            const auto& server = *servers_[static_cast<std::size_t>(i / addresses_per_server)];
            setup.connection.port = server.port();
            setup.connection.username = testing::LoginUser::get().name;
            setup.connection.key_path = server.user_key();
            setup.connection.connect_timeout = std::chrono::seconds{30};
            setup.known_hosts_file = known_hosts();
            bench::Work work;
            work.target = setup.id;
            work.operation = targets::Command{.argv = {"uptime"}, .input = {}};
            work.executor =
                SshExecutor::make(runtime.io.get_executor(), setup, targets::ssh::Timing{}).value();
            all.push_back(std::move(work));
        }
        return all;
    }

    std::vector<pid_t> pids() const
    {
        std::vector<pid_t> all;
        for (const auto& server : servers_) all.push_back(server->pid());
        return all;
    }
    int endpoints() const { return endpoints_; }
    std::string file(std::string_view name) const { return directory_.file(name); }

private:
    std::string known_hosts() const { return directory_.file("known_hosts"); }

    int endpoints_;
    testing::TemporaryDirectory directory_;
    std::vector<std::unique_ptr<testing::OpenSshServer>> servers_;
};

struct Ours {
    double cold{0};                     // seconds for all
    double warm{0};                     // the best round's
    double cpu_milliseconds{0};         // ours, of each command
    double server_cpu_milliseconds{0};  // sshd's, of each
    int kib_per_session{0};
    int threads{0};
};

Ours measure(const Fleet& fleet)
{
    Ours ours;
    testing::run([&](Runtime& runtime) -> Task<int> {
        const auto all = fleet.connect(runtime);
        const std::vector<bench::Work> first(all.begin(), all.begin() + 1);
        co_await bench::repeat_all(runtime, first, 2);
        // What a command costs sshd is read off one session: its clock ticks are too coarse for
        // the few commands of each of many.
        const std::vector<bench::Work> four(4, all.front());
        const Stopwatch server_watch{fleet.pids()};
        co_await bench::repeat_all(runtime, four, 40);
        ours.server_cpu_milliseconds = server_watch.rate_of(160).server_cpu_milliseconds;
        ::malloc_trim(0);
        const int before = own_status("VmRSS");
        const auto start = Clock::now();
        co_await bench::repeat_all(runtime, all, 1);
        ours.cold = seconds_since(start);
        const Stopwatch watch{fleet.pids()};
        for (int round = 0; round < rounds; ++round) {
            const auto begun = Clock::now();
            co_await bench::repeat_all(runtime, all, 1);
            const double took = seconds_since(begun);
            ours.warm = round == 0 ? took : std::min(ours.warm, took);
        }
        ours.cpu_milliseconds = watch.rate_of(rounds * fleet.endpoints()).cpu_milliseconds;
        ::malloc_trim(0);
        ours.kib_per_session = (own_status("VmRSS") - before) / (fleet.endpoints() - 1);
        ours.threads = own_status("Threads");
        co_return 0;
    });
    return ours;
}

bool is_installed(const std::string& program)
{
    testing::Program look{{"sh", "-c", "command -v \"$0\"", program}, "/dev/null"};
    return look.wait() == 0;
}

/// Runs `argv` until its connections are warm and then `rounds` times; the best round in seconds.
double measure_program(const Fleet& fleet, const std::vector<std::string>& argv)
{
    testing::run_program(argv, fleet.file("log"));
    double best = 0;
    for (int round = 0; round < 3; ++round) {
        const auto start = Clock::now();
        testing::run_program(argv, fleet.file("log"));
        const double took = seconds_since(start);
        best = round == 0 ? took : std::min(best, took);
    }
    return best;
}

void compare(const Fleet& fleet,
             const char* name,
             const std::vector<std::string>& argv,
             double ours)
{
    const auto& program = name == std::string_view{"clush"} ? "clush" : "ansible";
    if (!is_installed(program)) {
        std::printf("  %-16s not installed\n", name);
        return;
    }
    const double took = measure_program(fleet, argv);
    std::printf("  %-16s %7.0f ms, %.1f times ours\n", name, took * 1000, took / ours);
}

/// Hands on what has a goal.
void report(int endpoints, const Ours& ours)
{
    const auto machines = std::to_string(endpoints);
    const auto time =
        "fan-out to " + machines + " machines, warm / (" + machines + " x 1.85 ms / 2 cores)";
    const auto memory = "memory per warm SSH session, " + machines + " of them";
    using enum bench::Wanted;
    bench::report({time, ours.warm / (endpoints * 0.00185 / 2), "x", at_most, 1.2});
    bench::report({memory, ours.kib_per_session * 1.024, "KB", at_most, 150});
}

/// Prints what is measured; gives our own part of it.
Ours run(int endpoints)
{
    const Fleet fleet{endpoints};
    const auto ours = measure(fleet);
    const auto cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    const double possible = endpoints * ours.server_cpu_milliseconds / 1000 / cores;
    const double builtin = endpoints * 0.00185 / 2;
    std::printf(
        "uptime on %d machines: %.0f ms warm, %.2f of what sshd's CPU allows (%.0f ms), "
        "%.2f of %d x 1.85 ms / 2; %.0f ms cold\n",
        endpoints, ours.warm * 1000, ours.warm / possible, possible * 1000, ours.warm / builtin,
        endpoints, ours.cold * 1000);
    std::printf("  CPU ms per command: %.3f ours, %.2f sshd; %d KiB per warm session, %d threads\n",
                ours.cpu_milliseconds, ours.server_cpu_milliseconds, ours.kib_per_session,
                ours.threads);
    const auto ansible = [&](const char* module) {
        return std::vector<std::string>{"env",
                                        "HOME=" + fleet.file("home"),
                                        "ANSIBLE_SSH_ARGS=-F " + fleet.file("ssh_config"),
                                        "ANSIBLE_PIPELINING=1",
                                        "ansible",
                                        "all",
                                        "-i",
                                        fleet.file("inventory"),
                                        "-f",
                                        "50",
                                        "-m",
                                        module,
                                        "-a",
                                        "uptime"};
    };
    compare(fleet, "ansible command", ansible("command"), ours.warm);
    compare(fleet, "ansible raw", ansible("raw"), ours.warm);
    compare(fleet, "clush",
            {"clush", "-f", "64", "-S", "-o", "-F " + fleet.file("ssh_config"), "-w",
             "127.0.1.[1-" + std::to_string(endpoints) + "]", "uptime"},
            ours.warm);
    report(endpoints, ours);
    return ours;
}

}  // namespace
}  // namespace tailops

int main(int argc, char** argv)
try {
    std::vector<int> sizes;
    for (int i = 1; i < argc; ++i) {
        sizes.push_back(static_cast<int>(tailops::parse_int(argv[i], 2, 250).value()));
    }
    if (sizes.empty()) sizes = {20, 50};
    std::vector<int> threads;
    for (const int endpoints : sizes) threads.push_back(tailops::run(endpoints).threads);
    if (sizes.size() < 2) return 0;
    tailops::bench::report({"threads that more machines take",
                            static_cast<double>(threads.back() - threads.front()), "",
                            tailops::bench::Wanted::at_most, 0});
} catch (const std::exception& error) {
    // Caught, so that the server is ended.
    std::fprintf(stderr, "fanout_bench: %s\n", error.what());
    return 1;
}
