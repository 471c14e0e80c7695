#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace tailops::http {

struct ThrottleSettings {
    std::size_t failures_max{30};  // per address and window; more are answered 429
    std::chrono::seconds window{60};
    std::size_t addresses_max{4096};  // remembered; the oldest is forgotten first
};

/// Counts refused tokens per client address, so that nobody guesses tokens, or has an authorization
/// server asked about them, at the speed of the network. Loopback counts too: a local process is no
/// more trusted with it. Safe from any thread.
class FailureThrottle {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit FailureThrottle(ThrottleSettings settings) : settings_{settings} {}

    /// Whether no token was refused yet, so that nobody has to wait. Takes no lock.
    bool is_idle() const noexcept { return is_empty_.load(std::memory_order_relaxed); }
    /// How long `peer` has to wait before it may try again; zero: not at all.
    std::chrono::seconds wait_for(std::string_view peer, Time now) const;
    void note_failure(std::string_view peer, Time now);

private:
    struct Window {
        Time start;
        std::size_t failures{0};
    };
    void make_room(Time now);

    const ThrottleSettings settings_;
    mutable std::mutex mutex_;
    std::map<std::string, Window, std::less<>> windows_;
    std::atomic<bool> is_empty_{true};  // spares the common request the lock
};

}  // namespace tailops::http
