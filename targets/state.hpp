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

private:
    mutable std::mutex mutex_;
    std::map<TargetId, TargetState> states_;
};

}  // namespace tailops::targets
