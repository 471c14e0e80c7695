#include "policy/permit.hpp"

namespace tailops::policy {

Result<Permit> Permit::step(const Step& step) const
{
    const bool looks = step.tier == Tier::observe;
    if (step.tier > tier_ || (!looks && step.action != action_)) {
        return fail(Error{Errc::internal, "a step of this call asks for more than was permitted"}
                        .with_detail(step.action.text()));
    }
    // What an engine says of one container is longer than what a model is shown.
    constexpr std::size_t room_bytes = 1024 * 1024;
    auto bounds = obligations_;
    bounds.output_limit_bytes = std::max(bounds.output_limit_bytes, room_bytes);
    if (!bounds.has_own_timeout) bounds.timeout = std::max(bounds.timeout, step.patience);
    bounds.timeout = std::min(bounds.timeout, step.left);
    if (looks) bounds.dry_run = false;
    Permit out{principal_, target_, step.action, step.tier, bounds};
    out.patience_ = step.patience;
    out.commitment_ = looks ? Commitment{Commitment::Once::cancellable} : commitment_;
    return out;
}

}  // namespace tailops::policy
