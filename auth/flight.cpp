#include "auth/flight.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>

namespace tailops::auth {
namespace asio = boost::asio;

void OneShot::fire()
{
    std::vector<Waiter> waiters;
    {
        const std::scoped_lock lock{mutex_};
        fired_ = true;
        waiters.swap(waiters_);
    }
    for (auto& waiter : waiters) {
        // The timer belongs to its waiter's strand: it is cancelled, and may die, only there.
        const auto home = waiter->get_executor();
        asio::post(home, [waiter = std::move(waiter)] { waiter->cancel(); });
    }
}

Task<Status> OneShot::wait(Deadline deadline)
{
    const auto home = co_await asio::this_coro::executor;
    Waiter waiter;
    {
        const std::scoped_lock lock{mutex_};
        if (fired_) co_return Status{};
        waiter = std::make_shared<asio::steady_timer>(home, deadline);
        waiters_.push_back(waiter);
    }
    const auto [stopped] = co_await waiter->async_wait(asio::as_tuple(asio::use_awaitable));
    const std::scoped_lock lock{mutex_};
    if (fired_) co_return Status{};
    std::erase(waiters_, waiter);
    if (stopped) co_return fail(Errc::cancelled, "the caller went away");
    co_return fail(Errc::deadline_exceeded, "the token could not be checked in time");
}

}  // namespace tailops::auth
