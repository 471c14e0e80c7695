#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <variant>

namespace tailops {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(std::chrono::steady_clock::duration time)
{
    return std::chrono::steady_clock::now() + time;
}

/// Awaits `task`, cancelling it when `deadline` passes; then returns Errc::deadline_exceeded. Both
/// sides run on the caller's executor, which must be a strand or a single thread. Returns only when
/// `task` has ended, so `task` may refer to the caller's locals.
template <class T>
Task<Result<T>> with_deadline(Deadline deadline, Task<Result<T>> task)
{
    namespace asio = boost::asio;
    using namespace asio::experimental::awaitable_operators;

    asio::steady_timer timer{co_await asio::this_coro::executor, deadline};
    try {
        auto first = co_await (std::move(task) || timer.async_wait(asio::use_awaitable));
        if (first.index() == 0) co_return std::move(std::get<0>(first));
    } catch (const asio::multiple_exceptions&) {
        // The caller was cancelled while the task stood between two waits: both sides threw.
        co_return fail(Errc::cancelled, "the caller went away");
    }
    co_return fail(Errc::deadline_exceeded, "the operation did not finish in time");
}

}  // namespace tailops
