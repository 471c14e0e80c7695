#include "gateway/http/roster.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::http {
namespace asio = boost::asio;

/// Who waits for the last to leave. The timer belongs to its strand; others only post to it.
struct Roster::Waiter {
    Waiter(const asio::any_io_executor& home, Deadline deadline) : timer{home, deadline} {}
    asio::steady_timer timer;
};

Roster::Roster(std::size_t seats, std::size_t seats_per_peer)
    : seats_{seats},
      seats_per_peer_{seats_per_peer}
{
}

Roster::Seat::Seat(std::shared_ptr<Roster> roster, std::string peer)
    : roster_{std::move(roster)},
      peer_{std::move(peer)}
{
}

// Without memory for the wake-up there is nobody left to tell; ending is right.
Roster::Seat::~Seat()  // NOLINT(bugprone-exception-escape)
{
    if (roster_) roster_->leave(peer_, key_);
}

void Roster::Seat::occupy(std::weak_ptr<Stoppable> occupant)
{
    const auto held = occupant.lock();
    key_ = held.get();
    bool late = false;
    {
        const std::scoped_lock lock{roster_->mutex_};
        roster_->occupants_.emplace(key_, std::move(occupant));
        late = roster_->stopping_;
    }
    if (late && held) held->stop(StopHow::gently);
}

Result<Roster::Seat> Roster::take(const std::string& peer)
{
    const std::scoped_lock lock{mutex_};
    if (taken_ >= seats_) return fail(Errc::busy, "too many connections");
    auto& of_peer = per_peer_[peer];
    if (of_peer >= seats_per_peer_) {
        return fail(Errc::busy, "too many connections from this address");
    }
    ++of_peer;
    ++taken_;
    return Seat{shared_from_this(), peer};
}

void Roster::leave(const std::string& peer, const void* key)
{
    std::shared_ptr<Waiter> waiter;
    {
        const std::scoped_lock lock{mutex_};
        if (key) occupants_.erase(key);
        const auto found = per_peer_.find(peer);
        if (found != per_peer_.end() && --found->second == 0) per_peer_.erase(found);
        if (--taken_ == 0) waiter = waiter_;
    }
    if (waiter) asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
}

void Roster::stop_all(StopHow how)
{
    std::vector<std::shared_ptr<Stoppable>> present;
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
        for (const auto& [key, occupant] : occupants_) {
            if (auto held = occupant.lock()) present.push_back(std::move(held));
        }
    }
    for (const auto& occupant : present) occupant->stop(how);
}

Task<bool> Roster::empty(Deadline deadline)
{
    const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor, deadline);
    {
        const std::scoped_lock lock{mutex_};
        if (taken_ == 0) co_return true;
        waiter_ = waiter;
    }
    // A cancel posted meanwhile runs after the wait has begun: both are on this strand.
    co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::scoped_lock lock{mutex_};
    waiter_.reset();
    co_return taken_ == 0;
}

}  // namespace tailops::http
