#pragma once

#include <chrono>

namespace tailops {

using TimePoint = std::chrono::system_clock::time_point;

/// Wall-clock time as a dependency, so that tests and audit replay own it.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    virtual TimePoint now() const { return std::chrono::system_clock::now(); }
};

}  // namespace tailops
