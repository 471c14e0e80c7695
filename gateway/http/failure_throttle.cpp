#include "gateway/http/failure_throttle.hpp"

#include <algorithm>

namespace tailops::http {

std::chrono::seconds FailureThrottle::wait_for(std::string_view peer, Time now) const
{
    using std::chrono::seconds;
    if (is_idle()) return seconds{0};
    const std::scoped_lock lock{mutex_};
    const auto found = windows_.find(peer);
    if (found == windows_.end() || found->second.failures < settings_.failures_max) {
        return seconds{0};
    }
    const auto left = found->second.start + settings_.window - now;
    return std::max(seconds{0}, std::chrono::ceil<seconds>(left));
}

void FailureThrottle::note_failure(std::string_view peer, Time now)
{
    const std::scoped_lock lock{mutex_};
    auto found = windows_.find(peer);
    if (found == windows_.end()) {
        if (windows_.size() >= settings_.addresses_max) make_room(now);
        found = windows_.emplace(peer, Window{.start = now}).first;
        is_empty_.store(false, std::memory_order_relaxed);
    }
    auto& window = found->second;
    if (now - window.start >= settings_.window) window = {.start = now};
    ++window.failures;
}

void FailureThrottle::make_room(Time now)
{
    std::erase_if(windows_, [this, now](const auto& entry) {
        return now - entry.second.start >= settings_.window;
    });
    if (windows_.size() < settings_.addresses_max) return;
    windows_.erase(std::ranges::min_element(windows_, {},
                                            [](const auto& entry) { return entry.second.start; }));
}

}  // namespace tailops::http
