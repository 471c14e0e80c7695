#include "targets/state.hpp"

#include "gateway/core/log.hpp"

namespace tailops::targets {

std::string_view to_string(Reach reach) noexcept
{
    switch (reach) {
    case Reach::unknown: return "unknown";
    case Reach::reachable: return "reachable";
    case Reach::unreachable: return "unreachable";
    case Reach::unauthorized: return "unauthorized";
    }
    return "unknown";
}

TargetState StateBoard::get(const TargetId& id) const
{
    const std::scoped_lock lock{mutex_};
    const auto at = states_.find(id);
    return at == states_.end() ? TargetState{} : at->second;
}

void StateBoard::set(const TargetId& id, Reach reach, std::string reason, TimePoint now)
{
    {
        const std::scoped_lock lock{mutex_};
        auto& state = states_[id];
        const bool changed = state.reach != reach;
        if (changed) state.since = now;
        state.reach = reach;
        state.reason = reason;
        state.seen = now;
        if (!changed) return;
    }
    log(Event::target_state,
        {{"target", id.str()}, {"state", std::string{to_string(reach)}}, {"reason", reason}});
    if (tell_) tell_(id);
}

}  // namespace tailops::targets
