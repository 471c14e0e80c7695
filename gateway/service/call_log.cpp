#include "gateway/service/call_log.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/safe_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::service {
namespace {

constexpr std::string_view logger = "tailops.call";

/// Not refusals, which are what the policy is for.
bool is_trouble(Errc code) noexcept
{
    switch (code) {
    case Errc::deadline_exceeded:
    case Errc::unreachable:
    case Errc::unauthorized_there:
    case Errc::unavailable:
    case Errc::outcome_unknown:
    case Errc::internal: return true;
    case Errc::invalid_argument:
    case Errc::not_found:
    case Errc::unauthenticated:
    case Errc::insufficient_scope:
    case Errc::denied:
    case Errc::approval_required:
    case Errc::busy:
    case Errc::cancelled: return false;
    }
    return false;
}

}  // namespace

CallLog::CallLog(Caller& caller, const std::string& tool, const nlohmann::json& arguments)
    : caller_{caller},
      tool_{tool},
      target_{text_member(arguments, "target")}
{
}

void CallLog::begins() const
{
    say(LogLevel::debug, "the call begins", {});
}

void CallLog::ended(const Error* error) const
{
    if (!error) return say(LogLevel::debug, "the call has ended", {});
    const auto level = is_trouble(error->code()) ? LogLevel::warning : LogLevel::debug;
    say(level, error->public_message(), to_string(error->code()));
}

void CallLog::say(LogLevel level, std::string_view message, std::string_view code) const
{
    if (!caller_.wants_log(level)) return;
    const auto spent = std::chrono::steady_clock::now() - begun_;
    nlohmann::json data{
        {"message", message},
        {"tool", tool_},
        {"run_id", caller_.request().view()},
        {"elapsed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(spent).count()}};
    if (!target_.empty()) data.emplace("target", target_);
    if (!code.empty()) data.emplace("error", code);
    make_safe(data);
    caller_.log(level, logger, data);
}

}  // namespace tailops::service
