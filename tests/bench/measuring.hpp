#pragma once

#include "tests/support/permit.hpp"
#include "tests/support/sshd.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace tailops::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// CPU seconds that this process has used, or the children it has waited for.
inline double cpu_seconds(int whose = RUSAGE_SELF)
{
    rusage usage{};
    ::getrusage(whose, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU seconds that a program and those below it have used, the ended ones included (proc(5)).
inline double cpu_seconds_of_tree(pid_t ancestor)
{
    double ticks = 0;
    for (const pid_t pid : testing::process_tree(ancestor)) {
        const auto stat = testing::read_text("/proc/" + std::to_string(pid) + "/stat");
        const auto after_name = stat.rfind(')');
        if (after_name == std::string::npos) continue;
        std::istringstream rest{stat.substr(after_name + 1)};
        std::string skipped;
        for (int field = 3; field < 14; ++field) rest >> skipped;
        for (int field = 14; field < 18; ++field) {  // utime, stime, cutime, cstime
            double value = 0;
            rest >> value;
            ticks += value;
        }
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// How much of something per second, and what it cost.
struct Rate {
    double per_second{0};
    double cpu_milliseconds{0};         // ours, of each
    double server_cpu_milliseconds{0};  // the server's, of each
};

/// Measures from its making on, with servers that run below the processes `servers`.
class Stopwatch {
public:
    explicit Stopwatch(std::vector<pid_t> servers)
        : servers_{std::move(servers)},
          server_cpu_{server_cpu_seconds()},
          cpu_{cpu_seconds()},
          start_{Clock::now()}
    {
    }
    Rate rate_of(int count) const
    {
        Rate rate;
        rate.per_second = count / seconds_since(start_);
        rate.cpu_milliseconds = (cpu_seconds() - cpu_) * 1000 / count;
        rate.server_cpu_milliseconds = (server_cpu_seconds() - server_cpu_) * 1000 / count;
        return rate;
    }

private:
    double server_cpu_seconds() const
    {
        double sum = 0;
        for (const pid_t server : servers_) sum += cpu_seconds_of_tree(server);
        return sum;
    }

    std::vector<pid_t> servers_;
    double server_cpu_;
    double cpu_;
    Clock::time_point start_;
};

}  // namespace tailops::bench
