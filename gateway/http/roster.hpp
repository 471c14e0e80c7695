#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tailops::http {

enum class StopHow {
    gently,  // finish the request in hand, take no other
    now,     // cancel it
};

/// Something that a server has to end before it has stopped.
class Stoppable {
public:
    Stoppable() = default;
    Stoppable(const Stoppable&) = delete;
    Stoppable& operator=(const Stoppable&) = delete;
    virtual ~Stoppable() = default;
    /// From any thread; returns at once.
    virtual void stop(StopHow how) = 0;
};

/// Who is connected: bounds how many are, in all and per address, and reaches them all for a stop.
/// Safe from any thread.
class Roster : public std::enable_shared_from_this<Roster> {
public:
    Roster(std::size_t seats, std::size_t seats_per_peer);

    /// One place, given back on destruction.
    class Seat {
    public:
        Seat(std::shared_ptr<Roster> roster, std::string peer);
        Seat(Seat&&) noexcept = default;
        Seat& operator=(Seat&&) = delete;
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat();
        /// Names who sits here, so that a stop reaches it.
        void occupy(std::weak_ptr<Stoppable> occupant);

    private:
        std::shared_ptr<Roster> roster_;
        std::string peer_;
        const void* key_{nullptr};
    };

    /// Errors: busy (no place is free, in all or for this address).
    Result<Seat> take(const std::string& peer);

    void stop_all(StopHow how);

    /// Waits until nobody is left or `deadline` has passed; returns whether nobody is. One waiter
    /// at a time, on a strand or a single thread.
    Task<bool> empty(Deadline deadline);

private:
    struct Waiter;
    void leave(const std::string& peer, const void* key);

    const std::size_t seats_;
    const std::size_t seats_per_peer_;
    mutable std::mutex mutex_;
    std::size_t taken_{0};
    std::map<std::string, std::size_t> per_peer_;
    std::map<const void*, std::weak_ptr<Stoppable>> occupants_;
    bool stopping_{false};
    std::shared_ptr<Waiter> waiter_;
};

}  // namespace tailops::http
