#include "gateway/service/call_rate.hpp"

#include <algorithm>
#include <utility>

namespace tailops::service {
namespace {

constexpr std::chrono::minutes window{1};
constexpr std::size_t callers_kept = 1024;

}  // namespace

CallRate::CallRate(std::size_t calls_per_minute)
    : pace_{calls_per_minute == 0
                ? std::chrono::nanoseconds{0}
                : std::chrono::nanoseconds{window} / static_cast<std::int64_t>(calls_per_minute)},
      tidy_at_{callers_kept}
{
}

CallRate::Verdict CallRate::take(std::string_view who, Moment now)
{
    if (pace_.count() == 0) return {};
    const std::scoped_lock lock{mutex_};
    if (callers_.size() >= tidy_at_) forget_the_idle(now);
    auto& caller = callers_[std::string{who}];
    const auto due = std::max(caller.due, now) + pace_;
    if (due - now <= window) {
        caller = {.due = due, .is_refused = false};
        return {};
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now - window);
    return {.wait = wait, .is_first_refusal = !std::exchange(caller.is_refused, true)};
}

void CallRate::forget_the_idle(Moment now)
{
    std::erase_if(callers_, [now](const auto& one) { return one.second.due <= now; });
    tidy_at_ = std::max(callers_kept, 2 * callers_.size());
}

std::size_t CallRate::known() const
{
    const std::scoped_lock lock{mutex_};
    return callers_.size();
}

}  // namespace tailops::service
