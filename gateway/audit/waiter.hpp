#pragma once

#include "gateway/core/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <span>

namespace tailops::audit {

/// Who waits for stable storage: a coroutine of one strand. Empty: nobody.
struct Waiter {
    boost::asio::any_io_executor home{};  // where `resume` must be called; with work outstanding
    std::move_only_function<void(Status)> resume{};

    explicit operator bool() const noexcept { return static_cast<bool>(resume); }
};

/// Tells all of them, each on its own executor, never before this returns. All of one Runtime.
/// Wakes a thread for several at a time, for a wake-up costs more than what it hands over. Spends
/// the waiters; safe from any thread.
void tell(std::span<Waiter> waiters, const Status& status);

}  // namespace tailops::audit
