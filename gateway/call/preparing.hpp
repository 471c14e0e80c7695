#pragma once

#include "gateway/call/judged.hpp"
#include "gateway/call/naming.hpp"
#include "gateway/call/pipeline.hpp"
#include "gateway/tools/tool.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace tailops::call {

/// What a call has become once its tool, its target and its plan are known.
struct Prepared {
    const tools::Tool* tool{nullptr};
    std::shared_ptr<const targets::Target> target;  // null: about the gateway itself
    tools::Plan plan;
    /// No arguments could make this call permitted: the gate only has to say why.
    bool hopeless{false};
    std::function<void(const std::string& step)> tell{};  // Invocation::on_step
    std::function<Status()>
        may_begin{};  // asked when its turn comes; null: it has not been decided
    /// Decides about what the target will have opened; null where the plan has no place.
    std::shared_ptr<GateJudge> judge;
};

/// Finds tool and target, holds the arguments to the schema and makes the plan.
/// Errors: not_found (also for a target that the caller may not see), invalid_argument.
Result<Prepared> prepare(const World& world, const Invocation& call);

/// What the gate said of a call.
struct Decided {
    policy::AccessRequest request;
    policy::Decision decision;
    policy::Decision told;  // as the caller hears it: without what only the trail may know
    std::optional<policy::Permit> permit;
    Result<Meaning>
        meaning;  // an error: what is meant could not be found out, and nothing is permitted
};

/// Asks what the call means on its target where a rule depends on that, then the gate. `trail`:
/// what could not be recorded is not begun, not even by a look. Errors: internal (the plan names no
/// capability).
Task<Result<Decided>> decide(const World& world,
                             const Invocation& call,
                             Prepared& prepared,
                             const audit::Trail& trail,
                             TimePoint now);

}  // namespace tailops::call
