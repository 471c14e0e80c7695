#include "gateway/audit/waiter.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace tailops::audit {
namespace {

namespace asio = boost::asio;

// A batch of 64 still reaches four threads.
constexpr std::size_t group_max = 16;

/// Calls each on its own executor: at once where that is free, for we are on a thread that runs it.
/// Posted to the first one's strand, which has little else to do: its coroutine waits for this.
struct Group {
    std::vector<Waiter> waiters;
    Status status;

    void operator()()
    {
        for (auto& waiter : waiters) {
            const auto home = waiter.home;
            asio::dispatch(home, [waiter = std::move(waiter), status = status]() mutable {
                waiter.resume(std::move(status));
            });
        }
    }
};

}  // namespace

void tell(std::span<Waiter> waiters, const Status& status)
{
    while (!waiters.empty()) {
        const auto some = waiters.first(std::min(group_max, waiters.size()));
        waiters = waiters.subspan(some.size());
        Group group{{std::make_move_iterator(some.begin()), std::make_move_iterator(some.end())},
                    status};
        const auto first = group.waiters.front().home;
        asio::post(first, std::move(group));
    }
}

}  // namespace tailops::audit
