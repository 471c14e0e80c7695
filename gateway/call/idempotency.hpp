#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/core/age_clock.hpp"
#include "gateway/store/call_keys.hpp"

#include <boost/asio/thread_pool.hpp>

#include <mutex>
#include <set>

namespace tailops::call {

/// The requests of this process that hold a reservation. Safe from any thread.
class RunningCalls {
public:
    void add(const std::string& request);
    void remove(const std::string& request);
    bool has(const std::string& request) const;

private:
    mutable std::mutex mutex_;
    std::set<std::string> requests_;  // guarded by mutex_
};

/// Makes a request count as running for as long as it lives.
class RunningCall {
public:
    RunningCall(std::shared_ptr<RunningCalls> all, std::string request);
    RunningCall(const RunningCall&) = delete;
    RunningCall& operator=(const RunningCall&) = delete;
    ~RunningCall();

private:
    const std::shared_ptr<RunningCalls> all_;  // may outlive the daemon's own
    const std::string request_;
};

/// A call's hold on its key, or what the first call with that key came to: then nothing may be
/// done.
struct Claim {
    store::CallKeyReservation reservation;
    std::unique_ptr<RunningCall> hold;    // with a reservation
    std::optional<Result<Answer>> first;  // otherwise
    std::string first_request;            // with `first`
};

/// One effect per key: what a call came to is kept, and a call again with the same key gets it
/// instead of doing it twice, across restarts (after draft-ietf-httpapi-idempotency-key-header-07).
///
/// A key belongs to its principal, tool and target, and to the arguments of its first call. Its
/// reservation is on the disk before anything is done; a reservation without an outcome whose call
/// is not running here was interrupted, and stays refused until it is forgotten. What cannot be
/// kept on the disk is kept in memory until it can. No jump of the clock makes a key older than it
/// is. Safe from any strand; the disk is waited for on `blocking`.
class IdempotencyKeys {
public:
    /// `book` tells of calls whose outcome did not reach the store; it may be null.
    IdempotencyKeys(std::shared_ptr<store::CallKeyStore> store,
                    boost::asio::thread_pool& blocking,
                    AgeClock ages,
                    store::CallKeyBounds bounds = {},
                    const runs::Runs* book = nullptr);
    IdempotencyKeys(const IdempotencyKeys&) = delete;
    IdempotencyKeys& operator=(const IdempotencyKeys&) = delete;
    ~IdempotencyKeys();

    /// Reserves the key of `call`, or tells what its first call came to. A claim without `first`
    /// has to be settled. Not to be cancelled. Errors: invalid_argument (other arguments than those
    /// of the first call), outcome_unknown (that was interrupted), busy (it still runs; a bound is
    /// reached), unavailable (nothing can be kept).
    Task<Result<Claim>> claim(const Invocation& call,
                              const tools::Tool& tool,
                              const TargetId& target);

    /// Keeps the outcome on the disk, or forgets the key when the target was asked for nothing
    /// (Error::has_nothing_begun). Not to be cancelled. A failure is logged, and tried again until
    /// it is kept; a retry hears of the outcome meanwhile.
    Task<void> settle(Claim claim, Result<Answer> outcome);

    /// How many outcomes wait for the disk.
    std::size_t waiting() const;

    /// Removes keys, with their outcomes, that are too old; a claim does so too. Blocks.
    void forget_old();

private:
    struct State;
    static Task<void> keep(std::shared_ptr<State> state);
    /// What the book of runs has of the first call, for a retry that finds no outcome in the store.
    Task<std::optional<std::string>> outcome_in_book(const store::CallKeyReservation& wanted,
                                                     const store::StoredCallKey& stored) const;

    const std::shared_ptr<State> state_;
};

/// The key that `call` brings; empty: none.
std::string_view idempotency_key_of(const Invocation& call);

}  // namespace tailops::call
