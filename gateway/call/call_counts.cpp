#include "gateway/call/call_counts.hpp"

namespace tailops::call {

void CallCounts::count(CallOutcome outcome) noexcept
{
    const auto at = static_cast<std::size_t>(outcome);
    if (at < outcomes) counts_.at(at).fetch_add(1, std::memory_order_relaxed);
}

CallCounts::Totals CallCounts::totals() const noexcept
{
    Totals totals{};
    for (std::size_t at = 0; at < outcomes; ++at) {
        totals.at(at) = counts_.at(at).load(std::memory_order_relaxed);
    }
    return totals;
}

std::string metrics_text(const CallCounts::Totals& totals)
{
    std::string out =
        "# HELP tailops_calls_total Calls and readings, by how they ended.\n"
        "# TYPE tailops_calls_total counter\n";
    for (std::size_t at = 0; at < totals.size(); ++at) {
        // `unknown` is only ever found out by the next start.
        if (static_cast<CallOutcome>(at) == CallOutcome::unknown) continue;
        out += "tailops_calls_total{outcome=\"";
        out += to_string(static_cast<CallOutcome>(at));
        out += "\"} " + std::to_string(totals.at(at)) + '\n';
    }
    return out;
}

}  // namespace tailops::call
