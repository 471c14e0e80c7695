#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/arguments.hpp"
#include "gateway/tools/families.hpp"
#include "gateway/tools/proc.hpp"
#include "gateway/tools/scripts.hpp"
#include "gateway/tools/sections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace tailops::tools {
namespace {

using nlohmann::json;

constexpr std::string_view status_input = R"json({
  "type": "object", "properties": {}, "additionalProperties": false
})json";

constexpr std::string_view status_output = R"json({
  "type": "object",
  "properties": {
    "hostname": {"type": "string"},
    "os": {"type": "string", "description": "The distribution's name for itself"},
    "kernel": {"type": "string"},
    "cpu_count": {"type": "integer"},
    "cpu_percent": {"type": "number", "description": "Over all processors, during a third of a second"},
    "load_average": {
      "type": "object",
      "properties": {"1m": {"type": "number"}, "5m": {"type": "number"}, "15m": {"type": "number"}},
      "required": ["1m", "5m", "15m"]
    },
    "memory_usage": {
      "type": "object",
      "description": "Bytes; percent of total that is not available",
      "properties": {
        "total": {"type": "integer"}, "available": {"type": "integer"},
        "used": {"type": "integer"}, "percent": {"type": "number"}
      },
      "required": ["total", "available", "used", "percent"]
    },
    "swap_usage": {
      "type": "object",
      "properties": {"total": {"type": "integer"}, "used": {"type": "integer"}, "percent": {"type": "number"}},
      "required": ["total", "used", "percent"]
    },
    "disk_usage": {
      "type": "array",
      "description": "Local file systems, in bytes; percent as df computes it",
      "items": {
        "type": "object",
        "properties": {
          "mountpoint": {"type": "string"}, "device": {"type": "string"}, "fstype": {"type": "string"},
          "total": {"type": "integer"}, "used": {"type": "integer"}, "free": {"type": "integer"},
          "percent": {"type": "number"}
        },
        "required": ["mountpoint", "device", "fstype", "total", "used", "free", "percent"]
      }
    },
    "uptime": {"type": "integer", "description": "Seconds since boot"},
    "timestamp": {"type": "string", "description": "The target's own clock, UTC"},
    "truncated": {"type": "boolean", "description": "The policy's output limit cut the list of disks"}
  }
})json";

double rounded(double value)
{
    return std::round(value * 10) / 10;
}

double percent_of(std::uint64_t part, std::uint64_t whole)
{
    return whole == 0 ? 0 : rounded(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

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

json disks_json(const std::vector<proc::Disk>& disks)
{
    auto out = json::array();
    for (const auto& disk : disks) {
        out.push_back({{"mountpoint", repair_utf8(disk.mountpoint)},
                       {"device", repair_utf8(disk.device)},
                       {"fstype", repair_utf8(disk.fstype)},
                       {"total", disk.total},
                       {"used", disk.used},
                       {"free", disk.free},
                       {"percent", rounded(disk.percent)}});
    }
    return out;
}

/// The number of processors; a kernel that does not tell has one.
std::int64_t cpu_count(const Sections& sections)
{
    const auto count = parse_int(trim(sections.text("cpus")), 1, 65536);
    return count ? *count : 1;
}

Result<json> present_status(const targets::ExecutionResult& result)
{
    const auto sections = Sections::read(result.output);
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
    const auto used = memory.total - memory.available;
    const auto swap_used = memory.swap_total - std::min(memory.swap_free, memory.swap_total);
    json out{{"hostname", escaped_line(sections.text("hostname"), 253)},
             {"os", os_name(sections.text("os"))},
             {"kernel", escaped_line(sections.text("kernel"), 120)},
             {"cpu_count", cpu_count(sections)},
             {"cpu_percent", rounded(proc::busy_percent(before, after))},
             {"load_average", {{"1m", load.one}, {"5m", load.five}, {"15m", load.fifteen}}},
             {"memory_usage",
              {{"total", memory.total},
               {"available", memory.available},
               {"used", used},
               {"percent", percent_of(used, memory.total)}}},
             {"swap_usage",
              {{"total", memory.swap_total},
               {"used", swap_used},
               {"percent", percent_of(swap_used, memory.swap_total)}}},
             {"disk_usage", disks_json(proc::parse_disks(sections.lines("disks")))},
             {"uptime", static_cast<std::int64_t>(uptime)},
             {"timestamp", escaped_line(sections.text("time"), 40)}};
    if (result.truncated) out["truncated"] = true;
    return out;
}

Result<Plan> plan_status(const json&, const PlanContext&)
{
    return Plan{.right = {"system:read", Tier::observe},
                .operation = scripts::command(scripts::system_status),
                .parameters = {},
                .present = present_status};
}

constexpr std::string_view processes_input = R"json({
  "type": "object",
  "properties": {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10,
              "description": "How many processes to list"},
    "sort_by": {"type": "string", "enum": ["cpu", "memory"], "default": "cpu",
                "description": "What the busiest processes are busy with"}
  },
  "additionalProperties": false
})json";

constexpr std::string_view processes_output = R"json({
  "type": "object",
  "properties": {
    "processes": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "pid": {"type": "integer"},
          "name": {"type": "string", "description": "As the kernel knows it: at most 15 bytes"},
          "cpu_percent": {"type": "number", "description": "Of one processor, during a third of a second"},
          "memory_percent": {"type": "number"},
          "memory_bytes": {"type": "integer", "description": "Resident set"},
          "status": {"type": "string"},
          "username": {"type": "string"}
        },
        "required": ["pid", "name", "cpu_percent", "memory_percent", "status", "username"]
      }
    },
    "sort_by": {"type": "string", "enum": ["cpu", "memory"]},
    "total_processes": {"type": "integer"},
    "timestamp": {"type": "string"},
    "truncated": {"type": "boolean", "description": "The policy's output limit hid some processes"}
  }
})json";

/// Busiest first; ties in the order of their numbers, so that an answer is stable.
void keep_busiest(std::vector<proc::Process>& processes,
                  std::string_view sort_by,
                  std::size_t limit)
{
    const auto weight = [&](const proc::Process& p) {
        return sort_by == "memory" ? std::pair{p.rss_kib, p.ticks} : std::pair{p.ticks, p.rss_kib};
    };
    std::ranges::sort(processes, [&](const auto& a, const auto& b) {
        const auto left = weight(a), right = weight(b);
        return left != right ? left > right : a.pid < b.pid;
    });
    if (processes.size() > limit) processes.resize(limit);
}

Result<json> present_processes(const targets::ExecutionResult& result,
                               const std::string& sort_by,
                               std::size_t limit)
{
    const auto sections = Sections::read(result.output);
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
    keep_busiest(processes, sort_by, limit);

    const auto elapsed = after.total > before.total ? after.total - before.total : 1;
    const auto per_cpu = static_cast<double>(elapsed) / static_cast<double>(cpu_count(sections));
    auto rows = json::array();
    for (const auto& process : processes) {
        rows.push_back(
            {{"pid", process.pid},
             {"name", process.name},
             {"cpu_percent", rounded(100.0 * static_cast<double>(process.ticks) / per_cpu)},
             {"memory_percent", percent_of(process.rss_kib * 1024, memory.total)},
             {"memory_bytes", process.rss_kib * 1024},
             {"status", proc::state_in_words(process.state)},
             {"username", process.user}});
    }
    const auto total = parse_int(trim(sections.text("count")), 0);
    json out{{"processes", std::move(rows)},
             {"sort_by", sort_by},
             {"total_processes", total ? *total : seen},
             {"timestamp", escaped_line(sections.text("time"), 40)}};
    if (result.truncated) out["truncated"] = true;
    return out;
}

Result<Plan> plan_processes(const json& arguments, const PlanContext&)
{
    const auto limit = integer_or(arguments, "limit", 10);
    const auto sort_by = text_or(arguments, "sort_by", "cpu");
    return Plan{.right = {"system:read", Tier::observe},
                .operation = scripts::command(scripts::top_processes),
                .parameters = {{"limit", limit}, {"sort_by", sort_by}},
                .present = [sort_by, limit](const targets::ExecutionResult& result) {
                    return present_processes(result, sort_by, static_cast<std::size_t>(limit));
                }};
}

constexpr std::array rights = {Right{"system:read", Tier::observe}};

}  // namespace

std::span<const Tool> system_tools()
{
    static constexpr std::array tools = {
        Tool{.name = "get_system_status",
             .title = "System status",
             .summary = "CPU, load, memory, swap, disk usage, uptime, kernel and distribution of a "
                        "Linux machine, measured now.",
             .input_schema = status_input,
             .output_schema = status_output,
             .rights = rights,
             .annotations =
                 {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
             .plan = plan_status},
        Tool{.name = "get_top_processes",
             .title = "Busiest processes",
             .summary =
                 "The processes of a Linux machine that use the most CPU or memory, measured "
                 "now.",
             .input_schema = processes_input,
             .output_schema = processes_output,
             .rights = rights,
             .annotations =
                 {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
             .plan = plan_processes,
             .has_long_lists = true},
    };
    return tools;
}

}  // namespace tailops::tools
