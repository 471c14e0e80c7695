#pragma once

#include "gateway/async/spawn_here.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace tailops {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(std::chrono::steady_clock::duration time)
{
    return std::chrono::steady_clock::now() + time;
}

/// Why a task under a deadline was told to end, if it was.
struct DeadlineWatch {
    explicit DeadlineWatch(const boost::asio::any_io_executor& home, Deadline deadline)
        : timer{home, deadline}
    {
    }
    boost::asio::steady_timer timer;
    bool is_over{false};   // the task has ended
    bool is_late{false};   // the deadline passed before that
    bool was_left{false};  // the caller was cancelled before that
};

/// Awaits `task`, cancelling it when `deadline` passes; then returns Errc::deadline_exceeded,
/// unless the task ended well all the same: what has succeeded is never told as a failure. When the
/// caller is cancelled the task is, and what it makes of that is returned.
///
/// Runs on the caller's executor, which must be a strand or a single thread. Returns only when
/// `task` has ended, so `task` may refer to the caller's locals. What the task throws is rethrown
/// at once; that it was ended between two waits is Errc::cancelled or Errc::deadline_exceeded. As
/// with every Task, a caller that is cancelled already gets Asio's exception from the co_await
/// itself.
template <class T>
Task<Result<T>> with_deadline(Deadline deadline, Task<Result<T>> task)
{
    namespace asio = boost::asio;
    using Value = spawn_here::Value<T>;
    using Signature = void(std::exception_ptr, Value);
    using Watch = std::shared_ptr<DeadlineWatch>;

    auto initiate = [](auto handler, asio::any_io_executor home, Watch watch,
                       Task<Result<T>> what) {
        const auto signal = std::make_shared<asio::cancellation_signal>();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([watch, signal](asio::cancellation_type) {
                watch->was_left = true;
                signal->emit(asio::cancellation_type::terminal);
            });
        }
        watch->timer.async_wait([watch, signal](const boost::system::error_code& stopped) {
            if (stopped || watch->is_over) return;
            watch->is_late = true;
            signal->emit(asio::cancellation_type::terminal);
        });
        auto on_end = [handler = std::move(handler), watch, signal](std::exception_ptr thrown,
                                                                    Value value) mutable {
            watch->is_over = true;
            watch->timer.cancel();
            asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(thrown, std::move(value));
        };
        spawn_here::start(home, std::move(what), signal, std::move(on_end));
    };
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    const auto watch = std::make_shared<DeadlineWatch>(home, deadline);
    std::exception_ptr thrown;
    try {
        auto value = co_await asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
            initiate, asio::use_awaitable, home, watch, std::move(task));
        if (*value || !watch->is_late) co_return *std::move(value);
    } catch (...) {
        thrown = std::current_exception();
    }
    const bool was_told = watch->is_late || watch->was_left;
    if (thrown && !(was_told && is_cancellation(thrown))) std::rethrow_exception(thrown);
    if (!watch->is_late) co_return fail(Errc::cancelled, "the caller went away");
    co_return fail(Errc::deadline_exceeded, "the operation did not finish in time");
}

}  // namespace tailops
