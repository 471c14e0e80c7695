#include "gateway/net/connection_pool.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace tailops::net {

ConnectionPool::ConnectionPool(std::size_t idle_max, std::chrono::seconds idle_timeout)
    : idle_max_{idle_max},
      idle_timeout_{idle_timeout}
{
}

std::unique_ptr<Wire> ConnectionPool::take()
{
    std::vector<Kept> dropped;  // closed after the lock is gone
    const auto oldest = std::chrono::steady_clock::now() - idle_timeout_;
    const std::scoped_lock lock{mutex_};
    while (!kept_.empty()) {
        auto last = std::move(kept_.back());
        kept_.pop_back();
        if (last.since < oldest) {
            // Everything before it is older still.
            std::ranges::move(kept_, std::back_inserter(dropped));
            kept_.clear();
            return nullptr;
        }
        if (last.wire->is_quiet()) return std::move(last.wire);
        dropped.push_back(std::move(last));
    }
    return nullptr;
}

void ConnectionPool::put(std::unique_ptr<Wire> wire)
{
    std::optional<Kept> dropped;  // closed after the lock is gone
    const std::scoped_lock lock{mutex_};
    if (idle_max_ == 0) return;
    if (kept_.size() >= idle_max_) {
        dropped.emplace(std::move(kept_.front()));
        kept_.erase(kept_.begin());
    }
    kept_.push_back({std::move(wire), std::chrono::steady_clock::now()});
}

}  // namespace tailops::net
