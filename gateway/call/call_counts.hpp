#pragma once

#include "gateway/core/call_outcome.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace tailops::call {

/// How many calls and readings ended how, since the start. Safe from any thread.
class CallCounts {
public:
    static constexpr auto outcomes = static_cast<std::size_t>(CallOutcome::running);
    using Totals = std::array<std::uint64_t, outcomes>;  // by CallOutcome

    void count(CallOutcome outcome) noexcept;
    Totals totals() const noexcept;

private:
    std::array<std::atomic<std::uint64_t>, outcomes> counts_{};
};

/// The totals in the Prometheus text format, version 0.0.4.
std::string metrics_text(const CallCounts::Totals& totals);

}  // namespace tailops::call
