#include "targets/ssh/wakeup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace tailops::targets::ssh {
namespace asio = boost::asio;

void Wakeup::ring()
{
    rung_ = true;
    if (std::exchange(waiting_, false)) timer_.cancel();
}

Task<Wake> Wakeup::wait(Deadline deadline)
{
    const auto is_cancelled = [](asio::cancellation_state state) {
        return state.cancelled() != asio::cancellation_type::none;
    };
    co_await asio::this_coro::throw_if_cancelled(false);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return Wake::cancelled;
    if (!rung_) {
        timer_.expires_at(deadline);
        waiting_ = true;
        const auto [stopped] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        waiting_ = false;
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return Wake::cancelled;
        if (!rung_) co_return stopped ? Wake::cancelled : Wake::deadline;
    }
    rung_ = false;
    co_return Wake::rung;
}

}  // namespace tailops::targets::ssh
