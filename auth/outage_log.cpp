#include "auth/outage_log.hpp"

namespace tailops::auth {

void OutageLog::report(const std::string& issuer, const Error& error, TimePoint now)
{
    const auto reason = error.describe();
    {
        const std::scoped_lock lock{mutex_};
        if (reason == reason_ && now - told_ < repeat_after) return;
        reason_ = reason;
        told_ = now;
    }
    log(event_, {{"issuer", issuer}, {"why", reason}});
}

void OutageLog::over()
{
    const std::scoped_lock lock{mutex_};
    reason_.clear();
}

}  // namespace tailops::auth
