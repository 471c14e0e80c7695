#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/proc.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;

// One line per process keeps the answer small: `sed` takes out of /proc/PID/stat what is needed.
// The kernel escapes line ends in a process's name, and a name has at most 15 bytes (63 for kernel
// workers), so it cannot imitate the twenty numbers that must follow it.
constexpr std::string_view script = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section cpus; grep -c '^cpu[0-9]' /proc/stat
section memory; grep '^MemTotal:' /proc/meminfo
section users; cut -d: -f1,3 /etc/passwd 2>/dev/null | head -n 500
section stat; head -n 1 /proc/stat
section ticks
cat /proc/[0-9]*/stat 2>/dev/null |
    sed -n 's/^\([0-9]*\) (.*) [^ ] \([^ ]* \)\{10\}\([0-9]*\) \([0-9]*\) \([^ ]* \)\{6\}.*$/\1 \3 \4/p' |
    grep -v ' 0 0$'
# Two samples some time apart; not every busybox knows fractions of a second.
sleep 0.3 2>/dev/null || sleep 1
section stat_later; head -n 1 /proc/stat
section count
set -- /proc/[0-9]*
echo "$#"
section status
grep -s -E '^(Uid|VmRSS):' /proc/[0-9]*/status |
    sed -n -e 's|^/proc/\([0-9]*\)/status:Uid:[^0-9]*\([0-9]*\).*|\1 u \2|p' \
        -e 's|^/proc/\([0-9]*\)/status:VmRSS:[^0-9]*\([0-9]*\).*|\1 m \2|p'
section processes
cat /proc/[0-9]*/stat 2>/dev/null |
    sed -n 's/^\([0-9]*\) (\(.*\)) \([^ ]\) \([^ ]* \)\{10\}\([0-9]*\) \([0-9]*\) \([^ ]* \)\{6\}.*$/\1 \5 \6 \3 \2/p'
section end
)sh";

enum class SortBy { cpu, memory };

constexpr std::array<std::string_view, 2> words(SortBy)
{
    return {"cpu", "memory"};
}

struct ProcessesWanted {
    std::int64_t limit{10};
    SortBy sort_by{SortBy::cpu};

    static void fields(Fields& f, ProcessesWanted& s)
    {
        f("limit", s.limit, "How many processes to list", {.min = 1, .max = 100});
        f("sort_by", s.sort_by, "What the busiest processes are busy with");
    }
};

struct Process {
    std::int64_t pid{};
    std::string name{};
    double cpu_percent{}, memory_percent{};
    std::optional<std::uint64_t> memory_bytes{};
    std::string status{}, username{};

    static void fields(Fields& f, Process& s)
    {
        f("pid", s.pid);
        f("name", s.name, "As the kernel knows it: at most 15 bytes");
        f("cpu_percent", s.cpu_percent, "Of one processor, during a third of a second");
        f("memory_percent", s.memory_percent);
        f("memory_bytes", s.memory_bytes, "Resident set");
        f("status", s.status);
        f("username", s.username);
    }
};

struct Processes {
    std::vector<Process> processes{};
    SortBy sort_by{};
    std::int64_t total_processes{};
    std::string timestamp{};
    std::optional<bool> truncated{};

    static void fields(Fields& f, Processes& s)
    {
        f("processes", s.processes);
        f("sort_by", s.sort_by);
        f("total_processes", s.total_processes);
        f("timestamp", s.timestamp);
        f("truncated", s.truncated, "The policy's output limit hid some processes");
    }
};

/// Busiest first; ties in the order of their numbers, so that an answer is stable.
void keep_busiest(std::vector<proc::Process>& processes, const ProcessesWanted& wanted)
{
    const auto weight = [&](const proc::Process& p) {
        return wanted.sort_by == SortBy::memory ? std::pair{p.rss_kib, p.ticks}
                                                : std::pair{p.ticks, p.rss_kib};
    };
    std::ranges::sort(processes, [&](const auto& a, const auto& b) {
        const auto left = weight(a), right = weight(b);
        return left != right ? left > right : a.pid < b.pid;
    });
    const auto limit = static_cast<std::size_t>(wanted.limit);
    if (processes.size() > limit) processes.resize(limit);
}

Result<Processes> read_processes(const Sections& sections, const ProcessesWanted& wanted)
{
    TAILOPS_TRY(const auto first, sections.required("stat"));
    TAILOPS_TRY(const auto second, sections.required("stat_later"));
    TAILOPS_TRY(const auto memory_line, sections.required("memory"));
    TAILOPS_TRY(const auto before, proc::parse_stat(first));
    TAILOPS_TRY(const auto after, proc::parse_stat(second));
    TAILOPS_TRY(const auto memory, proc::parse_meminfo(memory_line));
    TAILOPS_TRY(auto processes, proc::parse_processes({.ticks = sections.lines("ticks"),
                                                       .status = sections.lines("status"),
                                                       .processes = sections.lines("processes"),
                                                       .users = sections.lines("users")}));
    const auto seen = static_cast<std::int64_t>(processes.size());
    keep_busiest(processes, wanted);

    const auto elapsed = after.total > before.total ? after.total - before.total : 1;
    const auto per_cpu =
        static_cast<double>(elapsed) / static_cast<double>(proc::cpu_count(sections.text("cpus")));
    Processes out{.sort_by = wanted.sort_by,
                  .total_processes = parse_int(trim(sections.text("count")), 0).value_or(seen),
                  .timestamp = escaped_line(sections.text("time"), 40)};
    for (const auto& process : processes) {
        out.processes.push_back(
            {.pid = process.pid,
             .name = process.name,
             .cpu_percent = proc::rounded(100.0 * static_cast<double>(process.ticks) / per_cpu),
             .memory_percent = proc::percent_of(process.rss_kib * 1024, memory.total),
             .memory_bytes = process.rss_kib * 1024,
             .status = std::string{proc::state_in_words(process.state)},
             .username = process.user});
    }
    return out;
}

}  // namespace

Tool get_top_processes()
{
    return kit::ToolOf<ProcessesWanted, Processes>{
        {.name = "get_top_processes",
         .title = "Busiest processes",
         .summary =
             "The processes of a Linux machine that use the most CPU or memory, measured now.",
         .rights = {{{"system", "read"}, Tier::observe}},
         .has_long_lists = true}}
        .runs(script, read_processes);
}

}  // namespace tailops::tools
