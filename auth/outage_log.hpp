#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/log.hpp"

#include <chrono>
#include <mutex>
#include <string>

namespace tailops::auth {

/// Tells the operator that whoever vouches for tokens fails: at once when it begins or when the
/// reason changes, then once a minute, however many callers meet it. Safe from any thread.
class OutageLog {
public:
    explicit OutageLog(Event event) : event_{event} {}
    void report(const std::string& issuer, const Error& error, TimePoint now);
    void over();  ///< it answered

private:
    static constexpr std::chrono::seconds repeat_after{60};
    const Event event_;
    std::mutex mutex_;
    std::string reason_;  // last told; empty: all is well
    TimePoint told_{};
};

}  // namespace tailops::auth
