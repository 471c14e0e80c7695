#pragma once

#include <memory>
#include <mutex>

namespace tailops {

/// The one mutable place of an immutable thing: readers take the current snapshot and keep it for
/// as long as they work, a reload swaps in a new one. Safe from any thread.
template <class T>
class Snapshot {
public:
    explicit Snapshot(std::shared_ptr<const T> first) : current_{std::move(first)} {}

    std::shared_ptr<const T> get() const
    {
        const std::scoped_lock lock{mutex_};
        return current_;
    }

    void swap(std::shared_ptr<const T> next)
    {
        const std::scoped_lock lock{mutex_};
        current_.swap(next);
        // The old snapshot dies after the lock is gone, with `next`.
    }

    /// Puts `change(copy)` in the place of the present one; no other change is lost between.
    template <class Change>
    void update(Change change)
    {
        const std::scoped_lock lock{mutex_};
        auto next = std::make_shared<T>(*current_);
        change(*next);
        current_ = std::move(next);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> current_;
};

}  // namespace tailops
