#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/ids.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace tailops::targets {

/// What we last saw of a target.
enum class Reach { unknown, reachable, unreachable, unauthorized };

std::string_view to_string(Reach) noexcept;

struct TargetState {
    Reach reach{Reach::unknown};
    std::string reason;  // one clause; empty when reachable
    TimePoint since;     // when it came into this state
    TimePoint seen;      // when it was last confirmed
};

/// The last known state of every target, written by executors' outcomes, read by list_targets and
/// the subscriptions of later. Outlives reloads. Safe from any thread.
class StateBoard {
public:
    TargetState get(const TargetId&) const;
    void set(const TargetId&, Reach, std::string reason, TimePoint now);

    /// Called after a target has come into another state, on whatever thread saw it. Set before
    /// the first `set`.
    void on_change(std::function<void(const TargetId&)> tell) { tell_ = std::move(tell); }

private:
    mutable std::mutex mutex_;
    std::map<TargetId, TargetState> states_;
    std::function<void(const TargetId&)> tell_;
};

}  // namespace tailops::targets
