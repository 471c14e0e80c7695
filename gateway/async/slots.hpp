#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <cstddef>
#include <memory>

namespace tailops {

/// A bound on how much runs at once, with a bounded queue of those who wait: N slots, first come
/// first served. Safe from any strand.
class Slots {
public:
    Slots(std::size_t count, std::size_t waiting_max);
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;
    ~Slots();

    struct State;

    /// A taken slot; destroying it frees the slot and wakes the next in line.
    class Lease {
    public:
        explicit Lease(std::shared_ptr<State> state) : state_{std::move(state)} {}
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease();

    private:
        std::shared_ptr<State> state_;
    };

    /// Waits for a slot until `deadline`. Cancelling gives up the place in the queue.
    /// Errors: busy (the queue is full), deadline_exceeded, cancelled.
    Task<Result<Lease>> take(Deadline deadline);

private:
    std::shared_ptr<State> state_;
};

}  // namespace tailops
