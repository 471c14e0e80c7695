#include "gateway/async/slots.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

namespace tailops {
namespace asio = boost::asio;

namespace {

/// One who waits. The timer belongs to the waiter's strand; others only post to it.
struct Waiter {
    Waiter(const asio::any_io_executor& home, Deadline deadline, std::string name)
        : timer{home, deadline},
          who{std::move(name)}
    {
    }
    asio::steady_timer timer;
    const std::string who;
    enum class Fate { waits, granted, displaced };
    Fate fate{Fate::waits};  // guarded by State::mutex
};

using Queue = std::list<std::shared_ptr<Waiter>>;

void wake(std::shared_ptr<Waiter> waiter)
{
    auto home = waiter->timer.get_executor();
    asio::post(home, [waiter = std::move(waiter)] { waiter->timer.cancel(); });
}

}  // namespace

struct Slots::State {
    std::mutex mutex;
    std::size_t free{0};
    std::size_t waiting_max{0};
    Queue queue;                                   // longest first
    std::map<std::string, std::size_t> held;       // slots, by whoever has some
    std::map<std::string, std::uint64_t> got_one;  // when, as a count, while there is a queue
    std::uint64_t grants{0};

    std::size_t held_by(const std::string& who) const
    {
        const auto at = held.find(who);
        return at == held.end() ? 0 : at->second;
    }

    std::uint64_t when_it_got_one(const std::string& who) const
    {
        const auto at = got_one.find(who);
        return at == got_one.end() ? 0 : at->second;
    }

    /// Hands a freed slot to the next in line, or back to the heap of free ones.
    void release(const std::string& who)
    {
        std::shared_ptr<Waiter> next;
        {
            const std::scoped_lock lock{mutex};
            const auto mine = held.find(who);
            if (--mine->second == 0) held.erase(mine);
            if (queue.empty()) {
                got_one.clear();
                ++free;
                return;
            }
            got_one.try_emplace(who, ++grants);
            // The first of the least.
            const auto at = std::ranges::min_element(queue, {}, [this](const auto& waiter) {
                return std::pair{held_by(waiter->who), when_it_got_one(waiter->who)};
            });
            next = *at;
            queue.erase(at);
            next->fate = Waiter::Fate::granted;
            ++held[next->who];
            got_one[next->who] = ++grants;
        }
        wake(std::move(next));
    }

    /// Takes the latest of whoever has most in the queue out of it, for one more of `who`; null
    /// when nobody has more than `who` would have then.
    std::shared_ptr<Waiter> displace_for(const std::string& who)
    {
        std::map<std::string_view, std::size_t> waiting;
        for (const auto& waiter : queue) ++waiting[waiter->who];
        const auto most =
            std::ranges::max_element(waiting, {}, [](const auto& one) { return one.second; });
        if (most == waiting.end() || most->second <= waiting[who] + 1) return nullptr;
        const auto latest = std::find_if(queue.rbegin(), queue.rend(), [&](const auto& waiter) {
            return waiter->who == most->first;
        });
        auto waiter = *latest;
        waiter->fate = Waiter::Fate::displaced;
        queue.erase(std::next(latest).base());
        return waiter;
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
    if (state_) state_->release(who_);
}

Task<Result<Slots::Lease>> Slots::take(Deadline deadline, std::string who)
{
    const auto state = state_;
    std::shared_ptr<Waiter> waiter;
    std::shared_ptr<Waiter> displaced;
    const auto home = co_await asio::this_coro::executor;
    {
        const std::scoped_lock lock{state->mutex};
        if (state->free > 0) {
            --state->free;
            ++state->held[who];
            co_return Lease{state, std::move(who)};
        }
        if (state->queue.size() >= state->waiting_max) {
            displaced = state->displace_for(who);
            if (!displaced) {
                co_return fail(Errc::busy, "too many calls wait already; try again shortly");
            }
        }
        waiter = std::make_shared<Waiter>(home, deadline, std::move(who));
        state->queue.push_back(waiter);
    }
    if (displaced) wake(std::move(displaced));
    const auto [waited] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    {
        const std::scoped_lock lock{state->mutex};
        if (waiter->fate == Waiter::Fate::displaced) {
            co_return fail(Errc::busy,
                           "too many calls of yours wait, and others want their share; "
                           "try again shortly");
        }
        if (waiter->fate == Waiter::Fate::waits) {
            state->queue.remove(waiter);
            if (!waited) co_return fail(Errc::deadline_exceeded, "no slot became free in time");
            co_return fail(Errc::cancelled, "the caller went away");
        }
    }
    // Granted, whatever else happened: the lease must exist so that the slot is passed on.
    co_return Lease{state, waiter->who};
}

}  // namespace tailops
