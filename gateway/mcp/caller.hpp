#pragma once

#include "auth/principal.hpp"
#include "gateway/core/ids.hpp"
#include "gateway/core/trace_context.hpp"
#include "gateway/mcp/jsonrpc.hpp"
#include "gateway/mcp/versions.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::mcp {

class Outbox;

/// The severities of RFC 5424, least first, as the protocol's logging uses them.
enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };
std::string_view to_string(LogLevel) noexcept;
std::optional<LogLevel> find_log_level(std::string_view name) noexcept;

/// What a client can do for us, as it declared: for this request (modern) or its session (legacy).
class ClientFeatures {
public:
    explicit ClientFeatures(JsonPart declared) : declared_{std::move(declared)} {}

    /// Whether the client answers this input request; by its method, an elicitation also by its
    /// mode, sampling also by the tools it would have to offer.
    bool answers(std::string_view method, const JsonPart& params) const;
    /// The ClientCapabilities object that `answers` asks for: what -32021 names as required.
    static std::string required_for(std::string_view method, const JsonPart& params);

    bool takes_tasks() const;

private:
    JsonPart declared_;  // an object, or null
};

/// How far a long call has got.
struct Progress {
    double done{0};
    std::optional<double> total{};
    std::string message{};
};

/// One request as its handler sees it: who asks, what has been answered already, and the way to say
/// something before the result. Belongs to the call; `progress` and `log` are safe from any strand,
/// never wait, and say nothing where the client did not ask for it.
class Caller {
public:
    struct Terms {
        auth::Principal principal;
        RequestId request;
        Revision revision{newest_modern};
        JsonPart capabilities{};
        std::optional<LogLevel> log_level{};        // of the least message wanted; none: send none
        std::optional<MessageId> progress_token{};  // none: progress is not wanted
        bool takes_tasks{false};                    // the call can go on as a task
        bool is_task{false};
        std::optional<TraceContext> trace{};
    };
    Caller(Terms terms, std::shared_ptr<Outbox> outbox);
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() = default;

    const auth::Principal& principal() const noexcept { return terms_.principal; }
    const RequestId& request() const noexcept { return terms_.request; }
    Revision revision() const noexcept { return terms_.revision; }
    const ClientFeatures& client() const noexcept { return features_; }
    bool takes_tasks() const noexcept { return terms_.takes_tasks; }
    bool is_task() const noexcept { return terms_.is_task; }
    const std::optional<TraceContext>& trace() const noexcept { return terms_.trace; }
    bool wants_progress() const noexcept { return terms_.progress_token.has_value(); }
    /// Whether a log message of that level would be sent.
    bool wants_log(LogLevel level) const noexcept
    {
        return outbox_ && terms_.log_level && level >= *terms_.log_level;
    }

    /// The client's response to the input request of that key; null as long as there is none.
    const nlohmann::json* answer(std::string_view key) const;
    /// The content of an accepted elicitation of that key; null when it is missing, declined or
    /// cancelled.
    const nlohmann::json* accepted(std::string_view key) const;
    /// What the handler gave along with its last question; null at first.
    const JsonPart& state() const noexcept { return state_; }

    /// `done` must grow from call to call; what does not is not sent.
    void progress(Progress progress);
    /// `data` is what the message says, any JSON.
    void log(LogLevel level, std::string_view logger, const nlohmann::json& data);

    /// Ends the stream of a client that can resume it (from 2025-11-25 on, before 2026-07-28): it
    /// comes back for the rest (SEP-1699). Does nothing for others.
    void interrupt_stream();

    /// For those who run handlers: what the next turn of this call is to know.
    void learn(JsonPart answers, JsonPart state);
    const JsonPart& answers() const noexcept { return answers_; }

private:
    const Terms terms_;
    const ClientFeatures features_;
    const std::shared_ptr<Outbox> outbox_;  // null: nobody listens
    JsonPart answers_;                      // an object by key, or null
    JsonPart state_;
    std::mutex mutex_;  // guards last_progress_
    std::optional<double> last_progress_;
};

}  // namespace tailops::mcp
