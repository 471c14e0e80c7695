#include "gateway/core/log.hpp"

#include "gateway/core/clock.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/snapshot.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>

namespace tailops {
namespace {

struct EventRow {
    std::string_view id;
    LogLevel level;
    std::string_view sentence;
};

constexpr std::array rows = {
#define TAILOPS_EVENT(id, level, sentence) EventRow{#id, LogLevel::level, sentence},
#include "gateway/core/events.def"
#undef TAILOPS_EVENT
};

// More than a line has room for, so that a secret at its end is seen whole.
constexpr std::size_t value_bytes_max = 4096;

std::atomic<LogLevel> threshold{LogLevel::error};
std::atomic<LogFormat> format{LogFormat::text};

spdlog::level::level_enum to_spdlog(LogLevel level)
{
    switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

std::string_view name(LogLevel level)
{
    switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
    }
    return "error";
}

/// The registry of this process; empty until there is one.
Snapshot<SecretRegistry>& hidden()
{
    static Snapshot<SecretRegistry> registry{std::make_shared<const SecretRegistry>()};
    return registry;
}

/// A value as a line shows it. Messages quote what callers wrote, and that can be a secret.
std::string shown(const std::string& value)
{
    const auto known = hidden().get()->known();
    return escaped_line(
        without_suspects(std::string_view{value}.substr(0, value_bytes_max), *known));
}

std::string as_text(const EventRow& row, std::initializer_list<LogField> fields)
{
    std::string line = rfc3339(std::chrono::system_clock::now());
    line += ' ';
    line += name(row.level);
    line += ' ';
    line += row.id;
    line += ": ";
    line += row.sentence;
    for (const auto& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        const auto value = shown(field.value);
        const bool plain = value.find_first_of(" \"=") == std::string::npos && !value.empty();
        line += plain ? value : dump_json(value);
    }
    return line;
}

std::string as_json(const EventRow& row, std::initializer_list<LogField> fields)
{
    nlohmann::json line{{"time", rfc3339(std::chrono::system_clock::now())},
                        {"level", name(row.level)},
                        {"event", row.id},
                        {"message", row.sentence}};
    for (const auto& field : fields) line[std::string{field.name}] = shown(field.value);
    return dump_json(line);
}

}  // namespace

void start_log(LogLevel level, LogFormat how)
{
    auto logger = spdlog::stderr_logger_mt("tailops");
    logger->set_pattern("%v");
    logger->set_level(to_spdlog(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    threshold = level;
    format = how;
}

void hide_in_log(std::shared_ptr<const SecretRegistry> secrets)
{
    hidden().swap(std::move(secrets));
}

bool is_logged(Event event) noexcept
{
    return rows[static_cast<std::size_t>(event)].level >= threshold.load(std::memory_order_relaxed);
}

void log(Event event, std::initializer_list<LogField> fields)
{
    if (!is_logged(event)) return;
    const auto& row = rows[static_cast<std::size_t>(event)];
    const auto line = format == LogFormat::json ? as_json(row, fields) : as_text(row, fields);
    spdlog::default_logger_raw()->log(to_spdlog(row.level), spdlog::string_view_t{line});
}

}  // namespace tailops
