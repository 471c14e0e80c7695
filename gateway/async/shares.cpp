#include "gateway/async/shares.hpp"

#include <map>
#include <mutex>

namespace tailops {

struct Shares::State {
    explicit State(std::size_t most) : each_max{most} {}
    const std::size_t each_max;
    std::mutex mutex;
    std::map<std::string, std::size_t> taken;
};

Shares::Shares(std::size_t each_max) : state_{std::make_shared<State>(each_max)} {}

Shares::Share::Share(std::shared_ptr<State> state, std::string holder)
    : state_{std::move(state)},
      holder_{std::move(holder)}
{
}

Shares::Share::~Share()
{
    if (!state_) return;
    const std::scoped_lock lock{state_->mutex};
    const auto at = state_->taken.find(holder_);
    if (at != state_->taken.end() && --at->second == 0) state_->taken.erase(at);
}

Result<Shares::Share> Shares::take(std::string holder)
{
    {
        const std::scoped_lock lock{state_->mutex};
        auto& taken = state_->taken[holder];
        if (taken >= state_->each_max) {
            return fail(Errc::busy,
                        "you have " + std::to_string(state_->each_max) +
                            " readings under way, which is the most; try again when one has ended");
        }
        ++taken;
    }
    return Share{state_, std::move(holder)};
}

}  // namespace tailops
