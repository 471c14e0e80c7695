#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tailops::service {

/// Bounds how many tools each principal calls and resources it reads within a minute (MCP
/// 2025-11-25, server/tools, Security Considerations: servers must rate limit tool invocations). A
/// minute's calls may come at once; then they are let through at their even pace. Safe from any
/// strand.
class CallRate {
public:
    using Moment = std::chrono::steady_clock::time_point;

    /// 0: no bound.
    explicit CallRate(std::size_t calls_per_minute);

    struct Verdict {
        std::chrono::milliseconds wait{0};  // until a next call would pass; 0: this one does
        bool is_first_refusal{false};       // since one passed
    };
    /// Counts a call of `who`, unless it has to wait.
    Verdict take(std::string_view who, Moment now);

    std::size_t known() const;

private:
    /// The generic cell rate algorithm (ITU-T I.371): one moment says how far ahead of the even
    /// pace somebody is.
    struct Caller {
        Moment due{};
        bool is_refused{false};
    };
    void forget_the_idle(Moment now);

    const std::chrono::nanoseconds pace_;  // between two calls; 0: no bound
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Caller> callers_;
    std::size_t tidy_at_;
};

}  // namespace tailops::service
