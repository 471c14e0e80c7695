#pragma once

#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/doors/mcp/wire/versions.hpp"
#include "gateway/service/caller.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::mcp {

class Outbox;

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

/// A client of the protocol: tells it of progress and log messages where it asked for them.
class McpCaller final : public service::Caller {
public:
    struct Terms {
        auth::Principal principal;
        RequestId request;
        Revision revision{newest_modern};
        JsonPart capabilities{};
        std::optional<service::LogLevel>
            log_level{};                            // of the least message wanted; none: send none
        std::optional<MessageId> progress_token{};  // none: progress is not wanted
        bool takes_tasks{false};                    // the call can go on as a task
        bool is_task{false};
        std::optional<TraceContext> trace{};
    };
    McpCaller(Terms terms, std::shared_ptr<Outbox> outbox);

    Revision revision() const noexcept { return revision_; }
    const ClientFeatures& client() const noexcept { return features_; }

    bool can_answer(std::string_view method, const JsonPart& params) const override
    {
        return features_.answers(method, params);
    }
    bool wants_progress() const override { return progress_token_.has_value(); }
    void progress(service::Progress progress) override;
    bool wants_log(service::LogLevel level) const override
    {
        return outbox_ && log_level_ && level >= *log_level_;
    }
    void log(service::LogLevel level, std::string_view logger, const nlohmann::json& data) override;
    /// Of clients from 2025-11-25 on, before 2026-07-28 (SEP-1699).
    void interrupt_stream() override;

private:
    const Revision revision_;
    const std::optional<service::LogLevel> log_level_;
    const std::optional<MessageId> progress_token_;
    const ClientFeatures features_;
    const std::shared_ptr<Outbox> outbox_;  // null: nobody listens
    std::mutex mutex_;                      // guards last_progress_
    std::optional<double> last_progress_;
};

}  // namespace tailops::mcp
