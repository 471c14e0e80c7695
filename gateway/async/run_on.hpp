#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>

namespace tailops {

/// Runs the coroutine `make_task()` on the strand `elsewhere` and resumes the caller on its own
/// executor with the result.
///
/// The way for a call to use an object that lives on another strand (an SSH session): cancelling
/// the caller posts the cancellation to `elsewhere`, so that neither strand touches the other's
/// state. The caller resumes only after the task has ended. `make_task` must own what it captures.
template <class T, class F>
Task<Result<T>> run_on(boost::asio::any_io_executor elsewhere, F make_task)
{
    namespace asio = boost::asio;
    using Value = std::optional<Result<T>>;
    using Signature = void(std::exception_ptr, Value);

    auto initiate = [](auto handler, asio::any_io_executor where, F what) {
        auto signal = std::make_shared<asio::cancellation_signal>();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([where, signal](asio::cancellation_type) {
                asio::post(where, [signal] { signal->emit(asio::cancellation_type::terminal); });
            });
        }
        auto home = asio::get_associated_executor(handler);
        auto resume = [handler = std::move(handler), guard = asio::make_work_guard(home), signal](
                          std::exception_ptr thrown, Result<T> result) mutable {
            const auto back = guard.get_executor();
            // Deferred, here and below: the thread that has the news goes on with it, instead of
            // waking another.
            asio::defer(back, [handler = std::move(handler), thrown,
                               result = Value{std::move(result)}]() mutable {
                asio::get_associated_cancellation_slot(handler).clear();
                std::move(handler)(thrown, std::move(result));
            });
        };
        // The signal's slot belongs to `elsewhere`; spawn from there so that it is touched nowhere
        // else.
        asio::defer(
            where, [where, what = std::move(what), signal, resume = std::move(resume)]() mutable {
                asio::co_spawn(where, what(),
                               asio::bind_cancellation_slot(signal->slot(), std::move(resume)));
            });
    };
    auto value = co_await asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
        initiate, asio::use_awaitable, std::move(elsewhere), std::move(make_task));
    co_return std::move(*value);
}

}  // namespace tailops
