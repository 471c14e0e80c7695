#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace tailops::store {

/// Within what an idempotency key is unique: two principals, tools or targets may use the same one.
struct CallKeyScope {
    std::string principal;  // Identity::key()
    std::string tool;
    std::string target;
    std::string key;  // as the caller gave it
};

/// One call's hold on a key.
struct CallKeyReservation {
    CallKeyScope scope;
    std::string fingerprint;  // of the arguments: opaque text; empty: not known any more
    std::string request;      // of the call, unique
    TimePoint when;
};

/// What is kept of the first call with a key.
struct StoredCallKey {
    std::string fingerprint;
    std::string request;
    TimePoint since;                     // it was reserved or, once there is an outcome, ended
    std::optional<std::string> outcome;  // opaque text; none: reserved, and no outcome came yet
};

struct CallKeyBounds {
    std::size_t keys_max{10'000};
    std::size_t keys_max_per_principal{2000};
    std::chrono::seconds retention{24 * 3600};  // after the call's end; then the key is forgotten
    // A reservation without an outcome stays at least this long: its call may still run.
    std::chrono::seconds unfinished_retention_min{25 * 3600};
    // Where a bound is reached, the oldest key that ended so long ago makes room: a retry comes
    // sooner than that, and nobody is locked out for longer.
    std::chrono::seconds replaceable_after{15 * 60};
};

/// What only the process knows whose calls hold the keys.
struct CallKeyUse {
    /// How long it has watched the store. Nothing is forgotten that may be younger than its bound:
    /// what was there before may be as young as this whatever its date says, because the clock may
    /// have been set while nobody looked.
    std::chrono::seconds watched_for{std::chrono::seconds::max()};
    /// The key of a request that still runs is never forgotten. Called with the store locked.
    std::function<bool(const std::string& request)> is_running{};
};

/// Where idempotency keys are kept (SqliteStore implements it). Calls block: reach them through
/// `run_blocking`. Safe from any thread; several processes may share one store. A change has
/// reached the disk when its call returns. Every call may also answer busy (another process holds
/// the file longer than the busy timeout) or internal.
class CallKeyStore {
public:
    CallKeyStore() = default;
    CallKeyStore(const CallKeyStore&) = delete;
    CallKeyStore& operator=(const CallKeyStore&) = delete;
    virtual ~CallKeyStore() = default;

    /// Reserves the key and answers none, or changes nothing and answers what stands there. Of any
    /// number of callers in any number of processes one gets none. Forgets expired keys first.
    /// Errors: busy (a bound is reached; the message says which).
    virtual Result<std::optional<StoredCallKey>> reserve(const CallKeyReservation& wanted,
                                                         const CallKeyBounds& bounds,
                                                         const CallKeyUse& use) = 0;
    /// From `ended` on the key is kept as long as the bounds say.
    /// Errors: not_found (it holds no such reservation, or that has an outcome).
    virtual Status finish(const CallKeyReservation& reserved,
                          const std::string& outcome,
                          TimePoint ended) = 0;
    /// Forgets the reservation: the next call with the key is the first. Never one that has an
    /// outcome.
    virtual Status release(const CallKeyReservation& reserved) = 0;
    /// Forgets what is too old at `now`; `reserve` does so too.
    virtual Status forget_old(TimePoint now,
                              const CallKeyBounds& bounds,
                              const CallKeyUse& use) = 0;
};

}  // namespace tailops::store
