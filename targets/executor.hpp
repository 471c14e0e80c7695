#pragma once

#include "gateway/async/awaitable.hpp"
#include "policy/permit.hpp"
#include "targets/operation.hpp"

#include <set>

namespace tailops::targets {

/// Carries out operations on one target over one kind of connection.
///
/// Implementations live in targets/<kind>/ and are named in targets/executors.cpp, nowhere else.
/// What callers hold is always a `Bounded` one (targets/bounded.hpp), which applies slots,
/// deadline, output limit and dry run once for all kinds. Safe from any strand.
class Executor {
public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor() = default;

    virtual std::set<Facet> facets() const = 0;

    /// Runs `operation`, spending `permit`; the permit's timeout counts from this call and covers
    /// connecting. Output beyond the permit's limit goes to the operation's sink when it has one
    /// (targets/output.hpp); it is counted in any case.
    ///
    /// The last thing before the target is asked to act (a process is started, a command or a
    /// request is sent) is permit.commitment().begin(); what that refuses is not done. Cancelling
    /// reaches an implementation until then, and afterwards only when the call merely looks.
    ///
    /// When the time is up or the caller cancels, the remote work is stopped (its process group is
    /// signalled, its request aborted) and the error's message says what is known to remain.
    /// Errors: unreachable, unauthorized_there (our credential was refused, or the target's
    /// identity is not the known one), deadline_exceeded, cancelled, busy (the target's bound is
    /// full), invalid_argument (the target's own allow-list refuses), internal. An error that came
    /// before the target was asked for anything says so: Error::has_nothing_begun().
    virtual Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) = 0;
};

}  // namespace tailops::targets
