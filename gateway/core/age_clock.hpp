#pragma once

#include "gateway/core/clock.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace tailops {

/// Tells how old things are that this process has made: the wall clock's time when it began, and
/// the steady time since. A jump of the wall clock, either way, neither ages what is kept nor keeps
/// it young.
///
/// Across a restart the wall clock is all there is: who finds something there decides how far its
/// date is trusted. Safe from any thread.
class AgeClock {
public:
    using Steady = std::chrono::steady_clock;
    /// Never goes back; a test owns it.
    using SteadySource = std::function<Steady::time_point()>;

    // Not explicit: whoever has a clock and no steady time of its own means the real one.
    AgeClock(
        const Clock& wall, SteadySource steady = [] { return Steady::now(); })
        : steady_{std::move(steady)},
          began_wall_{wall.now()},
          began_steady_{steady_()}
    {
    }

    TimePoint now() const
    {
        return began_wall_ + std::chrono::duration_cast<TimePoint::duration>(running_for());
    }
    /// Since this was made.
    Steady::duration running_for() const { return steady_() - began_steady_; }

private:
    const SteadySource steady_;
    const TimePoint began_wall_;
    const Steady::time_point began_steady_;
};

}  // namespace tailops
