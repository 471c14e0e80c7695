#pragma once

#include "gateway/core/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Readers of what Linux shows in /proc, and of the few commands that our scripts use. Pure; text
/// that is not as expected is an Error of code internal, never a guess.
namespace tailops::tools::proc {

/// The first line of /proc/stat: ticks since boot over all processors (man 5 proc).
struct CpuTicks {
    std::uint64_t total{0};
    std::uint64_t idle{0};  // idle and waiting for I/O
};
Result<CpuTicks> parse_stat(std::string_view line);

/// How busy the processors were between two samples, in [0, 100].
double busy_percent(const CpuTicks& before, const CpuTicks& after);

/// The number of processors that `text` says; a kernel that does not tell has one.
std::int64_t cpu_count(std::string_view text);

/// A number that is not negative, as 12 or 0.000125; nothing for any other text.
std::optional<double> decimal(std::string_view text);

/// To one digit behind the point.
double rounded(double value);
double percent_of(std::uint64_t part, std::uint64_t whole);

struct Load {
    double one{0}, five{0}, fifteen{0};
};
Result<Load> parse_loadavg(std::string_view text);

/// Seconds since boot. Errors: internal.
Result<double> parse_uptime(std::string_view text);

/// /proc/meminfo in bytes. `available` is an estimate on kernels before 3.14, which do not tell.
struct Memory {
    std::uint64_t total{0}, available{0}, free{0}, swap_total{0}, swap_free{0};
};
Result<Memory> parse_meminfo(std::string_view text);

/// One mounted file system, in bytes.
struct Disk {
    std::string device{}, mountpoint{}, fstype{};
    std::uint64_t total{0}, used{0}, free{0};
    double percent{0};
};
/// The `disks` section: for each mount a line of /proc/mounts, one of `df -P -k`, and `end`. A
/// mount that df could not tell of, and further mounts of a device already seen, are left out.
std::vector<Disk> parse_disks(const std::vector<std::string_view>& lines);

/// A path as /proc/mounts writes it, with \040 and the like resolved.
std::string unescape_mount(std::string_view text);

/// One process between two samples.
struct Process {
    std::int64_t pid{0};
    std::string name;
    char state{'?'};
    std::uint64_t ticks{0};  // between the samples
    std::uint64_t rss_kib{0};
    std::string user;  // name, or the number when the target does not name it
};
/// What the sections of the script `top_processes` hold.
struct ProcessSections {
    std::vector<std::string_view> ticks, status, processes, users;
};
/// Errors: internal, when no line can be read.
Result<std::vector<Process>> parse_processes(const ProcessSections& sections);

/// "sleeping" for 'S' (man 5 proc, /proc/pid/stat).
std::string_view state_in_words(char state);

}  // namespace tailops::tools::proc
