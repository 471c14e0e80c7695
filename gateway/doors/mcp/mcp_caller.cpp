#include "gateway/doors/mcp/mcp_caller.hpp"

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace tailops::mcp {
namespace {

using nlohmann::json;

constexpr std::string_view tasks_extension = "io.modelcontextprotocol/tasks";

/// What a client must have declared to answer a request: a capability, and a part of it.
struct Need {
    std::string_view capability;
    std::string_view part;
};

Need need_of(std::string_view method, const JsonPart& params)
{
    if (method == "roots/list") return {"roots", {}};
    if (method == "sampling/createMessage") {
        const bool has_tools = params && find_member(*params, "tools");
        return {"sampling", has_tools ? "tools" : std::string_view{}};
    }
    const bool is_url = params && text_member(*params, "mode") == "url";
    return {"elicitation", is_url ? "url" : "form"};
}

/// A whole number as one, so that clients that read integers are not shown 50.0.
void append_number(std::string& out, double value)
{
    const bool is_whole = std::abs(value) < 9e15 && std::floor(value) == value;
    append_json(out, is_whole ? json(static_cast<std::int64_t>(value)) : json(value));
}

}  // namespace

bool ClientFeatures::answers(std::string_view method, const JsonPart& params) const
{
    if (!declared_) return false;
    const auto need = need_of(method, params);
    const auto* capability = find_member(*declared_, need.capability);
    if (!capability || !capability->is_object()) return false;
    if (need.part.empty()) return true;
    // `elicitation: {}` of clients that knew no modes means forms.
    if (need.part == "form" && !find_member(*capability, "url")) return true;
    return find_member(*capability, need.part) != nullptr;
}

std::string ClientFeatures::required_for(std::string_view method, const JsonPart& params)
{
    const auto need = need_of(method, params);
    json inner = json::object();
    if (!need.part.empty() && need.part != "form") {
        inner.emplace(std::string{need.part}, json::object());
    }
    json whole = json::object();
    whole.emplace(std::string{need.capability}, std::move(inner));
    return dump_json(whole);
}

bool ClientFeatures::takes_tasks() const
{
    const auto* extensions = declared_ ? find_member(*declared_, "extensions") : nullptr;
    return extensions && find_member(*extensions, tasks_extension);
}

McpCaller::McpCaller(Terms terms, std::shared_ptr<Outbox> outbox)
    : Caller{{.principal = std::move(terms.principal),
              .request = std::move(terms.request),
              .trace = std::move(terms.trace),
              .takes_tasks = terms.takes_tasks,
              .is_task = terms.is_task}},
      revision_{terms.revision},
      log_level_{terms.log_level},
      progress_token_{std::move(terms.progress_token)},
      features_{std::move(terms.capabilities)},
      outbox_{std::move(outbox)}
{
}

void McpCaller::progress(service::Progress progress)
{
    if (!outbox_ || !progress_token_) return;
    if (!std::isfinite(progress.done)) return;
    // Held until it is said: what is sent must grow, too.
    const std::scoped_lock lock{mutex_};
    if (last_progress_ && progress.done <= *last_progress_) return;
    last_progress_ = progress.done;
    std::string params = R"({"progressToken":)";
    progress_token_->append_to(params);
    params += R"(,"progress":)";
    append_number(params, progress.done);
    if (progress.total) {
        params += R"(,"total":)";
        append_number(params, *progress.total);
    }
    // The member exists since 2025-03-26, the oldest revision we speak.
    if (!progress.message.empty()) {
        params += R"(,"message":)";
        append_json_string(params, progress.message);
    }
    params += '}';
    outbox_->notify(notification_message("notifications/progress", params));
}

void McpCaller::log(service::LogLevel level, std::string_view logger, const json& data)
{
    if (!wants_log(level)) return;
    std::string params = R"({"level":)" + json_string(to_string(level));
    if (!logger.empty()) params += R"(,"logger":)" + json_string(logger);
    params += R"(,"data":)";
    append_json(params, data);
    params += '}';
    outbox_->notify(notification_message("notifications/message", params));
}

void McpCaller::interrupt_stream()
{
    if (outbox_ && revision_ == Revision::v2025_11_25) outbox_->interrupt();
}

}  // namespace tailops::mcp
