#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/proc.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

constexpr std::string_view script = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section hostname; cat /proc/sys/kernel/hostname 2>/dev/null
section kernel; cat /proc/sys/kernel/osrelease 2>/dev/null
section os; grep '^PRETTY_NAME=' /etc/os-release 2>/dev/null
section stat; head -n 1 /proc/stat
section cpus; grep -c '^cpu[0-9]' /proc/stat
# Two samples some time apart; not every busybox knows fractions of a second.
sleep 0.3 2>/dev/null || sleep 1
section stat_later; head -n 1 /proc/stat
section uptime; cat /proc/uptime
section loadavg; cat /proc/loadavg
section meminfo; cat /proc/meminfo
section disks
# Network file systems are left out: a dead server would hold df, and with it the whole answer.
count=0
while read -r device place type rest; do
    case $place:$type in
        /:*) ;;
        *:ext[234] | *:xfs | *:btrfs | *:zfs | *:f2fs | *:jfs | *:reiserfs | *:bcachefs) ;;
        *:vfat | *:exfat | *:ntfs | *:ntfs3 | *:fuseblk | *:nilfs2 | *:hfsplus) ;;
        *) continue ;;
    esac
    count=$((count + 1))
    [ "$count" -le 64 ] || break
    printf '%s %s %s\n' "$device" "$place" "$type"
    df -P -k "$(printf '%b' "$place")" 2>/dev/null | tail -n 1
    printf 'end\n'
done </proc/mounts
section end
)sh";

struct LoadAverage {
    double one{}, five{}, fifteen{};

    static void fields(Fields& f, LoadAverage& s)
    {
        f("1m", s.one);
        f("5m", s.five);
        f("15m", s.fifteen);
    }
};

struct MemoryUsage {
    std::uint64_t total{}, available{}, used{};
    double percent{};

    static void fields(Fields& f, MemoryUsage& s)
    {
        f("total", s.total);
        f("available", s.available);
        f("used", s.used);
        f("percent", s.percent);
    }
};

struct SwapUsage {
    std::uint64_t total{}, used{};
    double percent{};

    static void fields(Fields& f, SwapUsage& s)
    {
        f("total", s.total);
        f("used", s.used);
        f("percent", s.percent);
    }
};

struct DiskUsage {
    std::string mountpoint{}, device{}, fstype{};
    std::uint64_t total{}, used{}, free{};
    double percent{};

    static void fields(Fields& f, DiskUsage& s)
    {
        f("mountpoint", s.mountpoint);
        f("device", s.device);
        f("fstype", s.fstype);
        f("total", s.total);
        f("used", s.used);
        f("free", s.free);
        f("percent", s.percent);
    }
};

struct Status {
    std::string hostname{}, os{}, kernel{};
    std::int64_t cpu_count{};
    double cpu_percent{};
    LoadAverage load_average{};
    MemoryUsage memory_usage{};
    SwapUsage swap_usage{};
    std::vector<DiskUsage> disk_usage{};
    std::int64_t uptime{};
    std::string timestamp{};
    std::optional<bool> truncated{};

    static void fields(Fields& f, Status& s)
    {
        f("hostname", s.hostname);
        f("os", s.os, "The distribution's name for itself");
        f("kernel", s.kernel);
        f("cpu_count", s.cpu_count);
        f("cpu_percent", s.cpu_percent, "Over all processors, during a third of a second");
        f("load_average", s.load_average);
        f("memory_usage", s.memory_usage, "Bytes; percent of total that is not available");
        f("swap_usage", s.swap_usage);
        f("disk_usage", s.disk_usage, "Local file systems, in bytes; percent as df computes it");
        f("uptime", s.uptime, "Seconds since boot");
        f("timestamp", s.timestamp, "The target's own clock, UTC");
        f("truncated", s.truncated, "The policy's output limit cut the list of disks");
    }
};

/// `PRETTY_NAME="Alpine Linux v3.20"` without the shell's quoting (man 5 os-release).
std::string os_name(std::string_view line)
{
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return {};
    auto name = line.substr(equals + 1);
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'')) {
        name = name.substr(1, name.size() - 2);
    }
    return escaped_line(name, 120);
}

MemoryUsage memory_usage(const proc::Memory& memory)
{
    const auto used = memory.total - memory.available;
    return {memory.total, memory.available, used, proc::percent_of(used, memory.total)};
}

SwapUsage swap_usage(const proc::Memory& memory)
{
    const auto used = memory.swap_total - std::min(memory.swap_free, memory.swap_total);
    return {memory.swap_total, used, proc::percent_of(used, memory.swap_total)};
}

std::vector<DiskUsage> disk_usage(const std::vector<proc::Disk>& disks)
{
    std::vector<DiskUsage> out;
    for (const auto& disk : disks) {
        out.push_back({.mountpoint = repair_utf8(disk.mountpoint),
                       .device = repair_utf8(disk.device),
                       .fstype = repair_utf8(disk.fstype),
                       .total = disk.total,
                       .used = disk.used,
                       .free = disk.free,
                       .percent = proc::rounded(disk.percent)});
    }
    return out;
}

Result<Status> read_status(const Sections& sections, const NoArguments&)
{
    TAILOPS_TRY(const auto first, sections.required("stat"));
    TAILOPS_TRY(const auto second, sections.required("stat_later"));
    TAILOPS_TRY(const auto loadavg, sections.required("loadavg"));
    TAILOPS_TRY(const auto meminfo, sections.required("meminfo"));
    TAILOPS_TRY(const auto uptime_text, sections.required("uptime"));
    TAILOPS_TRY(const auto before, proc::parse_stat(first));
    TAILOPS_TRY(const auto after, proc::parse_stat(second));
    TAILOPS_TRY(const auto load, proc::parse_loadavg(loadavg));
    TAILOPS_TRY(const auto memory, proc::parse_meminfo(meminfo));
    TAILOPS_TRY(const auto uptime, proc::parse_uptime(uptime_text));
    return Status{.hostname = escaped_line(sections.text("hostname"), 253),
                  .os = os_name(sections.text("os")),
                  .kernel = escaped_line(sections.text("kernel"), 120),
                  .cpu_count = proc::cpu_count(sections.text("cpus")),
                  .cpu_percent = proc::rounded(proc::busy_percent(before, after)),
                  .load_average = {load.one, load.five, load.fifteen},
                  .memory_usage = memory_usage(memory),
                  .swap_usage = swap_usage(memory),
                  .disk_usage = disk_usage(proc::parse_disks(sections.lines("disks"))),
                  .uptime = static_cast<std::int64_t>(uptime),
                  .timestamp = escaped_line(sections.text("time"), 40)};
}

}  // namespace

Tool get_system_status()
{
    return kit::ToolOf<NoArguments, Status>{
        {.name = "get_system_status",
         .title = "System status",
         .summary = "CPU, load, memory, swap, disk usage, uptime, kernel and distribution of a "
                    "Linux machine, measured now.",
         .rights = {{{"system", "read"}, Tier::observe}}}}
        .runs(script, read_status);
}

}  // namespace tailops::tools
