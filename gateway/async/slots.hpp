#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace tailops {

/// A bound on how much runs at once, with a bounded queue of those who wait: N slots.
///
/// Shared fairly: a slot that becomes free goes to whoever holds fewest of those who wait, among
/// equals to the one who got none for the longest time, and the first of those; when the queue is
/// full, the latest of whoever has most in it gives way to one who has fewer. Alone, one may have
/// all of it. Safe from any strand.
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
        Lease(std::shared_ptr<State> state, std::string who)
            : state_{std::move(state)},
              who_{std::move(who)}
        {
        }
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease();

    private:
        std::shared_ptr<State> state_;
        std::string who_;
    };

    /// Waits for a slot until `deadline`, as one of those of `who`: a principal, where several
    /// share the slots. Cancelling gives up the place in the queue. Errors: busy (the queue is
    /// full), deadline_exceeded, cancelled.
    Task<Result<Lease>> take(Deadline deadline, std::string who = {});

private:
    std::shared_ptr<State> state_;
};

}  // namespace tailops
