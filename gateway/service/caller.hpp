#pragma once

#include "auth/principal.hpp"
#include "gateway/core/ids.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/trace_context.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tailops::service {

/// The severities of RFC 5424, least first.
enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };
std::string_view to_string(LogLevel) noexcept;
std::optional<LogLevel> find_log_level(std::string_view name) noexcept;

/// How far a long call has got.
struct Progress {
    double done{0};
    std::optional<double> total{};
    std::string message{};
};

/// One request as its handler sees it: who asks, what has been answered already, and the way to say
/// something before the result. Each door has a kind of its own; this one hears nothing and answers
/// nothing, as a scheduler does. Belongs to the call; `progress` and `log` are safe from any strand
/// and never wait.
class Caller {
public:
    struct Terms {
        auth::Principal principal;
        RequestId request;
        std::optional<TraceContext> trace{};
        bool takes_tasks{false};  // the call can go on as a task
        bool is_task{false};
    };
    explicit Caller(Terms terms) : terms_{std::move(terms)} {}
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    virtual ~Caller() = default;

    const auth::Principal& principal() const noexcept { return terms_.principal; }
    const RequestId& request() const noexcept { return terms_.request; }
    const std::optional<TraceContext>& trace() const noexcept { return terms_.trace; }
    bool takes_tasks() const noexcept { return terms_.takes_tasks; }
    bool is_task() const noexcept { return terms_.is_task; }

    /// Whether the client, or the person behind it, can answer this InputRequest.
    virtual bool can_answer(std::string_view method, const JsonPart& params) const;
    /// The response to the input request of that key; null as long as there is none.
    const nlohmann::json* answer(std::string_view key) const;
    /// The content of an accepted elicitation of that key; null when it is missing, declined or
    /// cancelled.
    const nlohmann::json* accepted(std::string_view key) const;
    /// What the handler gave along with its last question; null at first.
    const JsonPart& state() const noexcept { return state_; }

    virtual bool wants_progress() const { return false; }
    /// `done` must grow from call to call; what does not is not sent.
    virtual void progress(Progress) {}
    /// Whether a log message of that level would be sent.
    virtual bool wants_log(LogLevel) const { return false; }
    /// `data` is what the message says, any JSON.
    virtual void log(LogLevel, std::string_view /*logger*/, const nlohmann::json& /*data*/) {}
    /// Ends the stream of a client that can resume it: it comes back for the rest. Does nothing for
    /// others.
    virtual void interrupt_stream() {}

    /// For those who run handlers: what the next turn of this call is to know.
    void learn(JsonPart answers, JsonPart state);
    const JsonPart& answers() const noexcept { return answers_; }

private:
    const Terms terms_;
    JsonPart answers_;  // an object by key, or null
    JsonPart state_;
};

}  // namespace tailops::service
