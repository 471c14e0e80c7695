// Records per second of the audit trail, next to the disk's own fdatasync rate in the same run.
// Usage: audit_bench [DIRECTORY]   (default: a new directory below the working directory)

#include "gateway/async/runtime.hpp"
#include "gateway/audit/chain.hpp"
#include "gateway/audit/encoding.hpp"
#include "gateway/audit/jsonl_trail.hpp"
#include "gateway/audit/reader.hpp"
#include "tests/bench/figure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

namespace tailops::audit {
namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point began)
{
    return std::chrono::duration<double>(steady_clock::now() - began).count();
}

/// CPU time of the whole process, in seconds.
double cpu_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Record typical_record(Phase phase, std::string request)
{
    return {.phase = phase,
            .request = RequestId{std::move(request)},
            .subject = "https://idp.example.ts.net|1234567890",
            .name = "alice@example.com",
            .client = "claude-desktop",
            .method = "oidc",
            .tool = ToolName{"manage_container"},
            .capability = "container:write",
            .tier = Tier::control,
            .target = TargetId{"web-01"},
            .parameters = R"({"action":"restart","container":"nginx"})",
            .effect = policy::Effect::allow,
            .why = "decided by rule operators-restart",
            .rule = "operators-restart",
            .policy_version = "0123456789abcdef",
            .outcome = phase == Phase::outcome ? "ok" : "",
            .elapsed_ms = phase == Phase::outcome ? 12 : 0};
}

void measure_encoding()
{
    constexpr int count = 300'000;
    KeyedMac mac{Secret{std::string(32, 'k')}};
    ChainPosition position;
    std::string line;
    const auto record = typical_record(Phase::outcome, "0193a5c0-7e7e-7000-8000-000000000000");
    auto began = steady_clock::now();
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i)
        bytes += encode_body(record, std::chrono::system_clock::now()).size();
    const auto encode = seconds_since(began) / count * 1e6;
    const auto body = encode_body(record, std::chrono::system_clock::now());
    began = steady_clock::now();
    for (int i = 0; i < count; ++i) {
        line.clear();
        seal(line, body, position, mac);
    }
    const auto sealing = seconds_since(began) / count * 1e6;
    std::printf(
        "encode        %8.2f us/record (%zu bytes)\nseal          %8.2f us/record (%zu bytes)\n",
        encode, bytes / count, sealing, line.size());
}

/// What the disk does when a program appends 4 KiB and calls fdatasync, one after the other.
double measure_disk(const std::filesystem::path& directory)
{
    const auto path = directory / "disk";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    const auto began = steady_clock::now();
    int count = 0;
    while (seconds_since(began) < 1.0) {
        if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) break;
        ++count;
    }
    const auto rate = count / seconds_since(began);
    ::close(file);
    std::filesystem::remove(path);
    std::printf("fdatasync     %8.0f /s   (the disk itself, 4 KiB each)\n", rate);
    return rate;
}

struct Load {
    const char* name;
    Durability durability;
    int callers;
    int records_per_caller;
};

double measure(const std::filesystem::path& directory, const Load& load)
{
    const Clock clock;
    Runtime runtime{2, 1};  // outlives the trail
    TrailSettings settings{.directory = directory / load.name, .key = Secret{std::string(32, 'k')}};
    auto opened = JsonlTrail::open(std::move(settings), clock);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().describe().c_str());
        std::exit(1);
    }
    auto& trail = **opened;
    std::atomic<int> refused{0};
    const auto before = trail.counters();
    const auto began = steady_clock::now();
    const auto cpu_began = cpu_seconds();
    for (int caller = 0; caller < load.callers; ++caller) {
        boost::asio::co_spawn(
            boost::asio::make_strand(runtime.io),
            [&trail, &refused, caller, load]() -> Task<void> {
                for (int i = 0; i < load.records_per_caller; ++i) {
                    const auto phase = i % 2 == 0 ? Phase::intent : Phase::outcome;
                    auto request = std::to_string(caller) + '-' + std::to_string(i / 2);
                    const auto done = co_await trail.append(
                        typical_record(phase, std::move(request)), load.durability);
                    if (!done) ++refused;
                }
            },
            [](std::exception_ptr thrown) {
                if (thrown) std::rethrow_exception(thrown);
            });
    }
    runtime.run();
    const auto took = seconds_since(began);
    const auto cpu = cpu_seconds() - cpu_began;
    const auto after = trail.counters();
    const auto records = static_cast<double>(load.callers) * load.records_per_caller - refused;
    const auto syncs = static_cast<double>(after.syncs - before.syncs);
    std::printf("%-13s %8.0f /s   %5.2f us CPU/record, %.0f syncs, %.1f records/sync, %d refused\n",
                load.name, records / took, cpu / records * 1e6, syncs,
                syncs > 0 ? records / syncs : 0.0, refused.load());
    return records / took;
}

void measure_verify(const std::filesystem::path& directory)
{
    const auto began = steady_clock::now();
    const auto report = verify(directory, Secret{std::string(32, 'k')});
    if (!report) return;
    std::printf("verify        %8.0f /s   %s, %llu records\n",
                static_cast<double>(report->records) / seconds_since(began),
                report->is_sound() ? "sound" : report->problems[0].describe().c_str(),
                static_cast<unsigned long long>(report->records));
}

int run(const std::filesystem::path& directory)
{
    measure_encoding();
    const auto disk = measure_disk(directory);
    // As many as the queue holds, so that nothing is refused.
    measure(directory, {"buffered", Durability::buffered, 8, 1000});
    const auto one = measure(directory, {"durable-1", Durability::durable, 1, 1000});
    const auto many = measure(directory, {"durable-64", Durability::durable, 64, 1000});
    std::printf("durable-1 / disk          %.2f\n", one / disk);
    std::printf("durable-64 / (disk x 64)  %.2f\n", many / (disk * 64));
    measure_verify(directory / "durable-64");
    bench::report({"trail alone: 64 durable callers / (disk x 64)", many / (disk * 64), "",
                   bench::Wanted::at_least, 0.8});
    return 0;
}

}  // namespace
}  // namespace tailops::audit

int main(int argc, char** argv)
{
    std::string pattern = std::string{argc > 1 ? argv[1] : "."} + "/audit-bench-XXXXXX";
    if (!::mkdtemp(pattern.data())) {
        std::perror("audit_bench");
        return 1;
    }
    const auto code = tailops::audit::run(pattern);
    std::filesystem::remove_all(pattern);
    return code;
}
