#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace tailops::targets::ssh {

enum class Wake { rung, deadline, cancelled };

/// The clock of all Wakeups on one strand. It has one timer for all of them, because arming and
/// cancelling one for every wait wakes another I/O thread each time. Must outlive its Wakeups.
class Alarm {
public:
    explicit Alarm(boost::asio::any_io_executor strand);
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm();

private:
    friend class Wakeup;
    struct State;
    std::shared_ptr<State> state_;
};

/// What one coroutine waits on until something else on its strand has news for it. A ring is kept
/// until it is waited for, so none is lost. Only for use on the strand of `alarm`.
class Wakeup {
public:
    explicit Wakeup(Alarm& alarm);
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;
    ~Wakeup();

    void ring();

    /// Until rung, `deadline` or cancellation, whichever is first; never throws. A coroutine that
    /// has been cancelled gets Wake::cancelled at once, unless it has reset its cancellation state.
    /// Once `deadline` has passed, a ring counts no more and is kept for a later wait: whoever is
    /// rung again and again still gets to its end, and others on the strand get theirs.
    Task<Wake> wait(Deadline deadline);

private:
    friend struct Alarm::State;
    struct Bell;
    std::shared_ptr<Alarm::State> alarm_;
    std::unique_ptr<Bell> bell_;
    Deadline deadline_;
    int kept_in_a_row_{0};  // rings that were there before the wait for them
    bool rung_{false};
    bool waiting_{false};
};

}  // namespace tailops::targets::ssh
