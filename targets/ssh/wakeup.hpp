#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tailops::targets::ssh {

enum class Wake { rung, deadline, cancelled };

/// What one coroutine waits on until something else on its strand has news for it. A ring is kept
/// until it is waited for, so none is lost. Only for use on the strand of `executor`.
class Wakeup {
public:
    explicit Wakeup(const boost::asio::any_io_executor& executor) : timer_{executor} {}

    void ring();

    /// Until rung, `deadline` or cancellation, whichever is first; never throws. A coroutine that
    /// has been cancelled gets Wake::cancelled at once, unless it has reset its cancellation state.
    Task<Wake> wait(Deadline deadline);

private:
    boost::asio::steady_timer timer_;
    bool rung_{false};
    bool waiting_{false};
};

}  // namespace tailops::targets::ssh
