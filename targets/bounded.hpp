#pragma once

#include "gateway/async/slots.hpp"
#include "gateway/core/clock.hpp"
#include "targets/executor.hpp"
#include "targets/state.hpp"
#include "targets/target.hpp"

namespace tailops::targets {

/// The bounds of one target, applied once for all kinds: facet, slots, deadline, dry run, and the
/// target's state as its outcomes tell it. What a Registry holds is always one of these.
class Bounded final : public Executor {
public:
    Bounded(TargetId id,
            TargetLimits limits,
            std::shared_ptr<Executor> inner,
            StateBoard& states,
            const Clock& clock);

    std::set<Facet> facets() const override { return inner_->facets(); }
    /// What is bounded, for a registry that passes it on or jumps through it. Never to run on.
    const std::shared_ptr<Executor>& inner() const noexcept { return inner_; }

    /// As Executor::run. Time spent waiting for a slot counts against the permit's timeout.
    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override;

private:
    Task<Result<ExecutionResult>> run_inner(policy::Permit permit, Operation operation);
    void note_outcome(const Result<ExecutionResult>&);

    const TargetId id_;
    const TargetLimits limits_;
    const std::shared_ptr<Executor> inner_;
    StateBoard& states_;
    const Clock& clock_;
    Slots slots_;
};

/// What a dry run answers: the operation in words, e.g. `would run
/// ["systemctl","restart","nginx"]`.
std::string describe(const Operation&);

/// The same with everything that is sent: for digests, not for people.
std::string describe_whole(const Operation&);

}  // namespace tailops::targets
