#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/proc.hpp"

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

// timedatectl answers through systemd-timedated, chronyc through chronyd; adjtimex is busybox's,
// and tells what the kernel was told. A name in /proc/PID/comm has at most 15 bytes.
constexpr std::string_view script = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section offset; date +%z
section abbreviation; date +%Z
section link; readlink /etc/localtime 2>/dev/null
section zone; head -n 1 /etc/timezone 2>/dev/null
section daemons
grep -s -h -x -E 'chronyd|ntpd|ntpsec|openntpd|systemd-timesyn' /proc/[0-9]*/comm | sort -u
section timedatectl; timedatectl show 2>/dev/null
section timesync; timedatectl show-timesync --property=ServerName 2>/dev/null
section chrony; chronyc -n -c tracking 2>/dev/null
section kernel; adjtimex 2>/dev/null | grep 'status:'
section end
)sh";

struct TimeStatus {
    std::string timestamp{};
    std::optional<std::string> timezone{};
    std::string abbreviation{}, utc_offset{};
    std::optional<bool> synchronized{}, ntp_enabled{}, rtc_in_local_time{};
    std::vector<std::string> daemons{};
    std::optional<std::string> server{};
    std::optional<std::int64_t> stratum{};
    std::optional<double> offset_seconds{};
    std::optional<bool> truncated{};

    static void fields(Fields& f, TimeStatus& s)
    {
        f("timestamp", s.timestamp, "The target's own clock, UTC");
        f("timezone", s.timezone, "Of the IANA database, e.g. Europe/Berlin");
        f("abbreviation", s.abbreviation, "What the time zone is called now, e.g. CEST");
        f("utc_offset", s.utc_offset, "Of local time from UTC now, e.g. +02:00");
        f("synchronized", s.synchronized, "Whether the clock follows a server; absent: unknown");
        f("ntp_enabled", s.ntp_enabled, "Whether systemd is to keep it so");
        f("rtc_in_local_time", s.rtc_in_local_time, "Whether the hardware clock has local time");
        f("daemons", s.daemons, "The programs that run and could set the clock");
        f("server", s.server, "That the clock follows");
        f("stratum", s.stratum, "How many servers it is away from a reference clock");
        f("offset_seconds", s.offset_seconds,
          "How far the clock was ahead of the server's when it was last looked at");
        f("truncated", s.truncated, "The policy's output limit cut the answer");
    }
};

/// `Key=value` lines, as timedatectl prints properties.
std::map<std::string_view, std::string_view> properties(const std::vector<std::string_view>& lines)
{
    std::map<std::string_view, std::string_view> out;
    for (const auto line : lines) {
        const auto equals = line.find('=');
        if (equals != line.npos) out.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return out;
}

std::optional<bool> yes_or_no(const std::map<std::string_view, std::string_view>& from,
                              std::string_view name)
{
    const auto at = from.find(name);
    if (at == from.end()) return std::nullopt;
    if (at->second == "yes") return true;
    return at->second == "no" ? std::optional{false} : std::nullopt;
}

/// The zone that /etc/localtime leads to: what stands behind "zoneinfo/".
std::string_view zone_of_link(std::string_view link)
{
    constexpr std::string_view database = "zoneinfo/";
    const auto at = link.find(database);
    return at == link.npos ? std::string_view{} : link.substr(at + database.size());
}

/// "+0200" as "+02:00" (RFC 3339).
std::string offset_text(std::string_view offset)
{
    if (offset.size() != 5) return escaped_line(offset, 10);
    return escaped_line(offset.substr(0, 3), 10) + ':' + escaped_line(offset.substr(3), 10);
}

/// chronyc(1), `-c tracking`: reference id, server, stratum, time, by how much the clock is slow
/// (negative: fast), ..., and as the last whether it is synchronised.
void read_chrony(std::string_view line, TimeStatus& out)
{
    const auto columns = split(line, ',');
    if (columns.size() < 14) return;
    out.synchronized = columns[13] != "Not synchronised";
    if (!*out.synchronized) return;
    if (!columns[1].empty()) out.server = escaped_line(columns[1], 253);
    if (const auto stratum = parse_int(columns[2], 0, 16)) out.stratum = *stratum;
    const bool is_fast = columns[4].starts_with('-');
    if (const auto by = proc::decimal(is_fast ? columns[4].substr(1) : columns[4])) {
        out.offset_seconds = is_fast ? *by : -*by;
    }
}

Result<TimeStatus> read_time(const Sections& sections, const NoArguments&)
{
    TAILOPS_TRY(const auto time, sections.required("time"));
    TimeStatus out{.timestamp = escaped_line(trim(time), 40),
                   .abbreviation = escaped_line(sections.text("abbreviation"), 40),
                   .utc_offset = offset_text(sections.text("offset"))};
    const auto settings = properties(sections.lines("timedatectl"));
    const auto told = settings.find("Timezone");
    for (const auto zone : {told == settings.end() ? std::string_view{} : told->second,
                            zone_of_link(sections.text("link")), sections.text("zone")}) {
        if (out.timezone || zone.empty()) continue;
        out.timezone = escaped_line(zone, 80);
    }
    if (const auto kernel = sections.text("kernel"); !kernel.empty()) {
        out.synchronized = kernel.find("UNSYNC") == kernel.npos;
    }
    if (const auto synchronized = yes_or_no(settings, "NTPSynchronized")) {
        out.synchronized = synchronized;
    }
    out.ntp_enabled = yes_or_no(settings, "NTP");
    out.rtc_in_local_time = yes_or_no(settings, "LocalRTC");
    for (const auto name : sections.lines("daemons")) {
        out.daemons.push_back(name == "systemd-timesyn" ? "systemd-timesyncd"
                                                        : escaped_line(name, 40));
    }
    const auto timesync = properties(sections.lines("timesync"));
    const auto server = timesync.find("ServerName");
    if (server != timesync.end() && !server->second.empty()) {
        out.server = escaped_line(server->second, 253);
    }
    read_chrony(sections.text("chrony"), out);
    return out;
}

}  // namespace

Tool get_time_status()
{
    return kit::ToolOf<NoArguments, TimeStatus>{
        {.name = "get_time_status",
         .title = "Clock and time zone",
         .summary = "The clock of a Linux machine, its time zone, and whether a time server keeps "
                    "it right: before times in its logs are compared with those of others.",
         .rights = {{{"system", "read"}, Tier::observe}}}}
        .runs(script, read_time);
}

}  // namespace tailops::tools
