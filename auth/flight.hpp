#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace tailops::auth {

/// Something that happens once and that any number of coroutines wait for, each on its own executor
/// (a strand or a single thread) and to its own deadline. Safe from any thread.
class OneShot {
public:
    OneShot() = default;
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;
    ~OneShot() = default;

    /// Wakes everyone who waits, and everyone who will. A second call does nothing.
    void fire();

    /// Returns once fired. One who gives up does not disturb the others.
    /// Errors: deadline_exceeded, cancelled.
    Task<Status> wait(Deadline deadline);

private:
    using Waiter = std::shared_ptr<boost::asio::steady_timer>;
    std::mutex mutex_;
    bool fired_{false};
    std::vector<Waiter> waiters_;
};

/// One lookup that many callers share ("single flight"): whoever starts it runs it apart from all
/// of them, so that a caller who goes away takes nobody with it. Safe from any thread.
template <class T>
class Flight {
public:
    /// The answer, for all. Call exactly once.
    void land(Result<T> answer)
    {
        answer_.emplace(std::move(answer));
        landed_.fire();
    }

    /// A copy of the answer. Errors: the answer's, deadline_exceeded, cancelled.
    Task<Result<T>> join(Deadline deadline)
    {
        if (auto landed = co_await landed_.wait(deadline); !landed) {
            co_return fail(std::move(landed).error());
        }
        co_return *answer_;  // written before fire(), never after
    }

private:
    OneShot landed_;
    std::optional<Result<T>> answer_;
};

}  // namespace tailops::auth
