#include "gateway/tools/proc.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/sections.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace tailops::tools::proc {
namespace {

std::unexpected<Error> unreadable(std::string_view what, std::string_view text)
{
    return fail(Errc::internal, "the target's " + std::string{what} +
                                    " is not as expected: " + quote(text.substr(0, 60)));
}

/// A non-negative whole number, or nothing.
std::optional<std::uint64_t> number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Result<CpuTicks> parse_stat(std::string_view line)
{
    const auto fields = words(line);
    if (fields.size() < 5 || fields[0] != "cpu") return unreadable("/proc/stat", line);
    CpuTicks out;
    // user nice system idle iowait irq softirq steal; guest time is part of user time already.
    for (std::size_t i = 1; i < std::min<std::size_t>(fields.size(), 9); ++i) {
        const auto ticks = number(fields[i]);
        if (!ticks) return unreadable("/proc/stat", line);
        out.total += *ticks;
        if (i == 4 || i == 5) out.idle += *ticks;
    }
    return out;
}

double busy_percent(const CpuTicks& before, const CpuTicks& after)
{
    if (after.total <= before.total) return 0;
    const auto total = static_cast<double>(after.total - before.total);
    // Waiting time may run backwards (man 5 proc, iowait).
    const auto idle =
        after.idle > before.idle ? static_cast<double>(after.idle - before.idle) : 0.0;
    return std::clamp(100.0 * (total - idle) / total, 0.0, 100.0);
}

std::optional<double> decimal(std::string_view text)
{
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) ||
        value < 0)
        return std::nullopt;
    return value;
}

std::int64_t cpu_count(std::string_view text)
{
    const auto count = parse_int(trim(text), 1, 65536);
    return count ? *count : 1;
}

double rounded(double value)
{
    return std::round(value * 10) / 10;
}

double percent_of(std::uint64_t part, std::uint64_t whole)
{
    return whole == 0 ? 0 : rounded(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

Result<Load> parse_loadavg(std::string_view text)
{
    const auto fields = words(text);
    if (fields.size() < 3) return unreadable("/proc/loadavg", text);
    const auto one = decimal(fields[0]), five = decimal(fields[1]), fifteen = decimal(fields[2]);
    if (!one || !five || !fifteen) return unreadable("/proc/loadavg", text);
    return Load{*one, *five, *fifteen};
}

Result<double> parse_uptime(std::string_view text)
{
    const auto fields = words(text);
    const auto seconds = fields.empty() ? std::nullopt : decimal(fields[0]);
    if (!seconds) return unreadable("/proc/uptime", text);
    return *seconds;
}

Result<Memory> parse_meminfo(std::string_view text)
{
    std::map<std::string_view, std::uint64_t> bytes;
    for (const auto line : split(text, '\n')) {
        const auto fields = words(line);
        if (fields.size() < 2 || !fields[0].ends_with(':')) continue;
        const auto kib = number(fields[1]);
        if (kib && *kib <= UINT64_MAX / 1024) {
            bytes[fields[0].substr(0, fields[0].size() - 1)] = *kib * 1024;
        }
    }
    const auto said = [&bytes](std::string_view name) {
        const auto at = bytes.find(name);
        return at == bytes.end() ? std::uint64_t{0} : at->second;
    };
    if (said("MemTotal") == 0) return unreadable("/proc/meminfo", text);
    Memory out{.total = said("MemTotal"),
               .available = said("MemAvailable"),
               .free = said("MemFree"),
               .swap_total = said("SwapTotal"),
               .swap_free = said("SwapFree")};
    if (!bytes.contains("MemAvailable")) {
        out.available = said("MemFree") + said("Buffers") + said("Cached");
    }
    out.available = std::min(out.available, out.total);
    return out;
}

std::string unescape_mount(std::string_view text)
{
    std::string out;
    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0';
            out += static_cast<char>(code);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

namespace {

/// The numbers of a `df -P -k` line: three of them, then a percentage (POSIX df, "-P").
std::optional<Disk> parse_df(std::string_view line)
{
    const auto fields = words(line);
    for (std::size_t i = 3; i < fields.size(); ++i) {
        const auto total = number(fields[i - 3]), used = number(fields[i - 2]),
                   free = number(fields[i - 1]);
        if (!fields[i].ends_with('%') || !total || !used || !free) continue;
        if (*total == 0 || *total > UINT64_MAX / 1024) return std::nullopt;
        Disk out{.total = *total * 1024, .used = *used * 1024, .free = *free * 1024};
        // As df does: of what an ordinary user could have.
        const auto reach = static_cast<double>(out.used) + static_cast<double>(out.free);
        out.percent = reach > 0 ? 100.0 * static_cast<double>(out.used) / reach : 0;
        return out;
    }
    return std::nullopt;
}

}  // namespace

std::vector<Disk> parse_disks(const std::vector<std::string_view>& lines)
{
    std::vector<Disk> out;
    std::set<std::string, std::less<>> devices;
    std::string_view mount, usage;
    for (const auto line : lines) {
        if (line != "end") {
            (mount.empty() ? mount : usage) = line;
            continue;
        }
        const auto fields = words(mount);
        auto disk = parse_df(usage);
        mount = usage = {};
        if (!disk || fields.size() < 3 || !devices.emplace(fields[0]).second) continue;
        disk->device = unescape_mount(fields[0]);
        disk->mountpoint = unescape_mount(fields[1]);
        disk->fstype = fields[2];
        out.push_back(*std::move(disk));
    }
    return out;
}

namespace {

using ByPid = std::map<std::uint64_t, std::uint64_t>;

/// "PID USER SYSTEM" lines: ticks so far.
ByPid read_ticks(const std::vector<std::string_view>& lines)
{
    ByPid out;
    for (const auto line : lines) {
        const auto fields = words(line);
        if (fields.size() != 3) continue;
        const auto pid = number(fields[0]), user = number(fields[1]), system = number(fields[2]);
        if (pid && user && system) out[*pid] = *user + *system;
    }
    return out;
}

/// "PID u UID" or "PID m KIB" lines, those of `kind`.
ByPid read_status(const std::vector<std::string_view>& lines, std::string_view kind)
{
    ByPid out;
    for (const auto line : lines) {
        const auto fields = words(line);
        if (fields.size() != 3 || fields[1] != kind) continue;
        const auto pid = number(fields[0]), value = number(fields[2]);
        if (pid && value) out[*pid] = *value;
    }
    return out;
}

/// "PID USER SYSTEM STATE NAME": the name is the rest of the line, spaces and all.
std::optional<Process> read_process(std::string_view line)
{
    std::string_view fields[4];
    for (auto& field : fields) {
        const auto end = line.find(' ');
        if (end == std::string_view::npos) return std::nullopt;
        field = line.substr(0, end);
        line.remove_prefix(end + 1);
    }
    const auto pid = number(fields[0]), user = number(fields[1]), system = number(fields[2]);
    if (!pid || *pid > INT64_MAX || !user || !system || fields[3].size() != 1) return std::nullopt;
    Process out;
    out.pid = static_cast<std::int64_t>(*pid);
    out.ticks = *user + *system;
    out.state = fields[3].front();
    out.name = escaped_line(line, 64);
    return out;
}

}  // namespace

Result<std::vector<Process>> parse_processes(const ProcessSections& sections)
{
    const auto before = read_ticks(sections.ticks);
    const auto owners = read_status(sections.status, "u");
    const auto memory = read_status(sections.status, "m");
    std::map<std::uint64_t, std::string> names;
    for (const auto line : sections.users) {
        const auto colon = line.rfind(':');
        if (colon == std::string_view::npos) continue;
        const auto uid = number(line.substr(colon + 1));
        if (uid) names.emplace(*uid, escaped_line(line.substr(0, colon), 64));
    }
    const auto value_of = [](const ByPid& map, std::uint64_t pid) {
        const auto at = map.find(pid);
        return at == map.end() ? std::uint64_t{0} : at->second;
    };
    std::vector<Process> out;
    for (const auto line : sections.processes) {
        auto process = read_process(line);
        if (!process) continue;
        const auto pid = static_cast<std::uint64_t>(process->pid);
        const auto earlier = value_of(before, pid);
        // A process that is new and has the number of one that ended counts from zero.
        if (earlier <= process->ticks) process->ticks -= earlier;
        process->rss_kib = value_of(memory, pid);
        if (const auto uid = owners.find(pid); uid != owners.end()) {
            const auto name = names.find(uid->second);
            process->user = name == names.end() ? std::to_string(uid->second) : name->second;
        }
        out.push_back(*std::move(process));
    }
    if (out.empty()) return fail(Errc::internal, "the target's /proc shows no process");
    return out;
}

std::string_view state_in_words(char state)
{
    switch (state) {
    case 'R': return "running";
    case 'S': return "sleeping";
    case 'D': return "disk-sleep";
    case 'Z': return "zombie";
    case 'T': return "stopped";
    case 't': return "tracing-stop";
    case 'I': return "idle";
    case 'X': return "dead";
    default: return "unknown";
    }
}

}  // namespace tailops::tools::proc
