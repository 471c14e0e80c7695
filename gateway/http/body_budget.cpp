#include "gateway/http/body_budget.hpp"

#include <utility>

namespace tailops::http {

BodyBudget::BodyBudget(std::size_t bytes_max, std::size_t bytes_max_per_peer)
    : bytes_max_{bytes_max},
      bytes_max_per_peer_{bytes_max_per_peer}
{
}

BodyBudget::Hold::Hold(std::shared_ptr<BodyBudget> budget, std::string peer)
    : budget_{std::move(budget)},
      peer_{std::move(peer)}
{
}

BodyBudget::Hold::Hold(Hold&& other) noexcept
    : budget_{std::move(other.budget_)},
      peer_{std::move(other.peer_)},
      bytes_{std::exchange(other.bytes_, 0)}
{
}

BodyBudget::Hold::~Hold()
{
    if (budget_ && bytes_ > 0) budget_->give_back(peer_, bytes_);
}

bool BodyBudget::Hold::grow_to(std::size_t bytes)
{
    if (bytes <= bytes_) return true;
    if (!budget_->take(peer_, bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
}

BodyBudget::Hold BodyBudget::hold(std::string peer)
{
    return {shared_from_this(), std::move(peer)};
}

bool BodyBudget::take(const std::string& peer, std::size_t bytes)
{
    const std::scoped_lock lock{mutex_};
    const auto at = per_peer_.find(peer);
    const auto of_peer = at == per_peer_.end() ? 0 : at->second;
    if (bytes > bytes_max_ - bytes_ || bytes > bytes_max_per_peer_ - of_peer) return false;
    per_peer_[peer] = of_peer + bytes;
    bytes_ += bytes;
    return true;
}

void BodyBudget::give_back(const std::string& peer, std::size_t bytes)
{
    const std::scoped_lock lock{mutex_};
    bytes_ -= bytes;
    const auto at = per_peer_.find(peer);
    if (at == per_peer_.end()) return;
    at->second -= bytes;
    if (at->second == 0) per_peer_.erase(at);
}

}  // namespace tailops::http
