#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <optional>

namespace tailops {

/// Whether `thrown` is how Asio ends a coroutine that was cancelled between two waits.
inline bool is_cancellation(const std::exception_ptr& thrown) noexcept
{
    if (!thrown) return false;
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
        return error.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

/// An awaited operation's work as a coroutine with a cancellation of its own, which is what
/// with_deadline and withdrawable are made of.
namespace spawn_here {

template <class T>
using Value = std::optional<Result<T>>;  // because co_spawn wants a default constructible one

/// The first co_await in here throws when the cancellation came before the task ran at all: also a
/// task that does not want exceptions then never starts.
template <class T>
Task<Value<T>> contained(Task<Result<T>> task)
{
    co_return co_await std::move(task);
}

/// `on_end(std::exception_ptr, Value<T>)` runs on `home`, a strand or single thread, which is where
/// the caller is and where `signal` may be emitted.
template <class T, class F>
void start(const boost::asio::any_io_executor& home,
           Task<Result<T>> task,
           const std::shared_ptr<boost::asio::cancellation_signal>& signal,
           F on_end)
{
    boost::asio::co_spawn(home, contained(std::move(task)),
                          boost::asio::bind_cancellation_slot(signal->slot(), std::move(on_end)));
}

}  // namespace spawn_here
}  // namespace tailops
