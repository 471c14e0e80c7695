#pragma once

#include "gateway/audit/trail.hpp"
#include "gateway/call/world.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/tools/tool.hpp"
#include "targets/state.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace tailops::call {

/// One tool invocation as it comes from a client: authenticated, not yet looked at.
struct Invocation {
    RequestId id;
    auth::Principal principal;
    std::string tool;
    std::shared_ptr<const nlohmann::json> arguments;  // an object; never null
};

/// What a tool said. `failed` marks a result that tells of a failure on the target (exit status 1,
/// HTTP 500): still a result, shown to the model as an error.
struct Answer {
    std::shared_ptr<const nlohmann::json> content;  // an object, per the tool's output_schema
    bool failed{false};
    bool dry_run{false};  // `content` says what would have been done, in no schema
};

/// The one-way path of a call: resolve, decide, record the intent, execute, record the outcome.
/// It is the only code that holds a Gate and an Executor at once. Safe from any strand.
class Pipeline {
public:
    Pipeline(CurrentWorld& world,
             audit::Trail& trail,
             targets::StateBoard& states,
             const Clock& clock);

    /// A call of tier `observe` is cancelled with its caller; one of a higher tier runs on to its
    /// deadline, so that nothing is left half done. The outcome is recorded either way.
    /// Errors: invalid_argument, insufficient_scope, denied, not_found, approval_required, busy,
    /// unavailable (the trail cannot be written: nothing was done), or what the executor reports.
    Task<Result<Answer>> run(Invocation invocation);

    /// The tools that `principal` may ever use, sorted by name: on some target, with some
    /// arguments.
    std::vector<const tools::Tool*> visible_tools(const auth::Principal& principal) const;

    /// The targets that `principal` may know of, by id, with the tools that it may use there.
    std::vector<tools::GatewayView::VisibleTarget> visible_targets(
        const auth::Principal& principal) const;
    bool can_see(const auth::Principal& principal, const TargetId& target) const;

    /// Changes whenever visible_tools() may answer otherwise for the same principal.
    std::uint64_t generation() const;

    CurrentWorld& world() noexcept { return world_; }

private:
    /// A call that never became a question to the gate: a path outside the allowed ones, an unknown
    /// target, an argument that does not fit.
    Task<Status> record_misfit(const Invocation& call, const World& world, const Error& error);
    Task<Result<Answer>> answer(const Invocation& call,
                                const World& world,
                                const tools::Tool& tool,
                                audit::Record record);

    CurrentWorld& world_;
    audit::Trail& trail_;
    targets::StateBoard& states_;
    const Clock& clock_;
    const TimePoint started_;
};

}  // namespace tailops::call
