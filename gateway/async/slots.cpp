#include "gateway/async/slots.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>
#include <mutex>

namespace tailops {
namespace asio = boost::asio;

namespace {

/// One who waits. The timer belongs to the waiter's strand; others only post to it.
struct Waiter {
    explicit Waiter(const asio::any_io_executor& home, Deadline deadline) : timer{home, deadline} {}
    asio::steady_timer timer;
    bool granted{false};  // guarded by State::mutex
};

}  // namespace

struct Slots::State {
    std::mutex mutex;
    std::size_t free{0};
    std::size_t waiting_max{0};
    std::list<std::shared_ptr<Waiter>> queue;

    /// Hands a freed slot to the next in line, or back to the heap of free ones.
    void release()
    {
        std::shared_ptr<Waiter> next;
        {
            const std::scoped_lock lock{mutex};
            if (queue.empty()) {
                ++free;
                return;
            }
            next = queue.front();
            queue.pop_front();
            next->granted = true;
        }
        asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
    }
};

Slots::Slots(std::size_t count, std::size_t waiting_max) : state_{std::make_shared<State>()}
{
    state_->free = count;
    state_->waiting_max = waiting_max;
}

Slots::~Slots() = default;

// Without memory for the wake-up there is nobody left to tell; ending is right.
Slots::Lease::~Lease()  // NOLINT(bugprone-exception-escape)
{
    if (state_) state_->release();
}

Task<Result<Slots::Lease>> Slots::take(Deadline deadline)
{
    const auto state = state_;
    std::shared_ptr<Waiter> waiter;
    const auto home = co_await asio::this_coro::executor;
    {
        const std::scoped_lock lock{state->mutex};
        if (state->free > 0) {
            --state->free;
            co_return Lease{state};
        }
        if (state->queue.size() >= state->waiting_max) {
            co_return fail(Errc::busy, "too many calls wait already; try again shortly");
        }
        waiter = std::make_shared<Waiter>(home, deadline);
        state->queue.push_back(waiter);
    }
    const auto [waited] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    {
        const std::scoped_lock lock{state->mutex};
        if (!waiter->granted) {
            state->queue.remove(waiter);
            if (!waited) co_return fail(Errc::deadline_exceeded, "no slot became free in time");
            co_return fail(Errc::cancelled, "the caller went away");
        }
    }
    // Granted, whatever else happened: the lease must exist so that the slot is passed on.
    co_return Lease{state};
}

}  // namespace tailops
