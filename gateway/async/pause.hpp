#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace tailops {

/// Waits for `time`. False: the caller was cancelled before that. Give the answer a name before a
/// loop looks at it (README.md, g++ 12).
inline Task<bool> pause_for(std::chrono::steady_clock::duration time)
{
    namespace asio = boost::asio;
    const auto home = co_await asio::this_coro::executor;
    asio::steady_timer timer{home, time};
    const auto [stopped] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return !stopped;
}

}  // namespace tailops
