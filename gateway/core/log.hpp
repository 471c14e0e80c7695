#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace tailops {

class SecretRegistry;  // gateway/core/secret_registry.hpp

/// What can be logged: the rows of events.def, each with its level and a sentence for the operator.
enum class Event {
#define TAILOPS_EVENT(id, level, sentence) id,
#include "gateway/core/events.def"
#undef TAILOPS_EVENT
};

struct LogField {
    std::string_view name;
    std::string value;  // escaped and clipped before it is written
};

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

/// Directs the log to stderr. Call once, before the first thread; without it only errors are shown.
void start_log(LogLevel, LogFormat);

/// From now on no line holds what `secrets` knows by then. Safe from any thread.
void hide_in_log(std::shared_ptr<const SecretRegistry> secrets);

/// `log(Event::call_finished, {{"request", id}, {"outcome", "ok"}});` from any thread.
void log(Event, std::initializer_list<LogField> fields = {});

/// Whether an event of this kind would be written: for fields that are dear to build.
bool is_logged(Event) noexcept;

}  // namespace tailops
