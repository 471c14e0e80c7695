#pragma once

#include "gateway/core/error.hpp"

#include <functional>
#include <memory>

namespace tailops {

class Commitments;

/// Why a commitment is withdrawn whose caller has left.
inline Error caller_left()
{
    return Error{Errc::cancelled, "the caller went away before anything was done"};
}

/// The point of no return of one call: until then its caller may take it back, and the gateway may
/// drop it when it stops; from then on it runs to its end or its deadline.
///
/// Who carries the call out says begin() exactly once it is about to act on the target, and acts
/// only when that is granted. Who waits for it says withdraw(). One of the two comes first, and the
/// other is told so: a caller that has left is never acted for, and what was acted on is never
/// called "not begun". A handle: copies are the same commitment. Safe from any thread.
class Commitment {
public:
    enum class Once {
        held,         ///< begun, it cannot be withdrawn: half done is worse than unobserved
        cancellable,  ///< it can be withdrawn at any time: it only looks
    };

    /// One that nobody withdraws.
    Commitment() = default;
    /// One by itself.
    explicit Commitment(Once begun);

    /// Asks to act now. Errors: why nothing may be done any more, with nothing begun. Further calls
    /// get the same answer as the first.
    [[nodiscard]] Status begin() const;
    /// Has begin() ask `check` first, from the thread that says it: what that refuses is not begun,
    /// for the reason that it gives. Null: nothing. Returns only when an earlier one is not being
    /// called any more. `check` must not use the commitment.
    void check_with(std::function<Status()> check) const;
    /// Takes the call back for `why` (which then has nothing begun), and stops who works on it.
    /// Does nothing to one that is held.
    void withdraw(Error why) const;

    /// Whether the gateway ends the work on it, also what has begun.
    bool is_ended() const;

    /// Why it was withdrawn before it began; null: it was not.
    std::shared_ptr<const Error> withdrawn() const;
    /// `stop` is called once when work on this is to be cancelled, from the thread that withdraws;
    /// null: there is no work. Returns only when an earlier one is not being called any more.
    void stop_with(std::function<void()> stop) const;

private:
    friend class Commitments;
    struct State;
    explicit Commitment(std::shared_ptr<State> state) : state_{std::move(state)} {}
    std::shared_ptr<State> state_;
};

/// All commitments of a gateway, so that it can stop without beginning anything new. Safe from any
/// thread.
class Commitments {
public:
    Commitments();
    Commitments(const Commitments&) = delete;
    Commitments& operator=(const Commitments&) = delete;
    ~Commitments();

    Commitment open(Commitment::Once begun);
    /// From now on none that would be held begins: those that wait are withdrawn for `why`.
    void close(Error why);
    /// The daemon may stay no longer: as close(), and work on those that have begun is stopped too.
    void end(const Error& why);
    /// Whether it came to either of the two.
    bool are_closed() const;

private:
    friend class Commitment;
    struct Book;
    std::shared_ptr<Book> book_;
};

}  // namespace tailops
