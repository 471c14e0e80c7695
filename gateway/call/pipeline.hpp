#pragma once

#include "gateway/async/commitment.hpp"
#include "gateway/audit/trail.hpp"
#include "gateway/call/call_counts.hpp"
#include "gateway/call/claims.hpp"
#include "gateway/call/world.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/core/snapshot.hpp"
#include "gateway/core/trace_context.hpp"
#include "gateway/runs/runs.hpp"
#include "gateway/tools/tool.hpp"
#include "targets/state.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::call {

/// One tool invocation as it comes from a client: authenticated, not yet looked at.
struct Invocation {
    RequestId id;
    auth::Principal principal;
    std::string tool;
    std::shared_ptr<const nlohmann::json> arguments;  // an object; never null
    std::optional<TraceContext> trace{};              // that the caller's own work belongs to
    /// Told of each step that a job begins, from the call's strand; null: nobody is.
    std::function<void(const std::string& step)> on_step{};
};

/// What a tool said. `failed` marks a result that tells of a failure on the target (exit status 1,
/// HTTP 500): still a result, shown to the model as an error.
struct Answer {
    std::shared_ptr<const nlohmann::json> content;  // an object, per the tool's output_schema
    bool failed{false};
    /// Not empty: nothing was done; `content` is what this earlier request came to.
    std::string replayed_from{};
};

class IdempotencyKeys;
struct Claim;
struct Prepared;

/// What a pipeline works with; all of it outlives the pipeline.
struct PipelineParts {
    CurrentWorld& world;
    audit::Trail& trail;
    targets::StateBoard& states;
    const Clock& clock;
    runs::Runs& runs;
    IdempotencyKeys* keys{nullptr};  // null: calls that bring an idempotency_key are refused
};

/// The one-way path of a call: resolve, decide, record the intent, execute, record the outcome.
/// It is the only code that holds a Gate and an Executor at once. Safe from any strand.
class Pipeline {
public:
    explicit Pipeline(const PipelineParts& parts);

    /// A call of tier `observe` is cancelled with its caller; one of a higher tier only until its
    /// target is asked to act (then `cancelled`, with nothing begun), and runs on to its deadline
    /// from there, so that nothing is left half done. The outcome is recorded either way.
    /// One that brings an idempotency_key is carried out at most once (call/idempotency.hpp).
    /// Errors: invalid_argument, insufficient_scope, denied, not_found, approval_required, busy,
    /// unavailable (the trail or the key cannot be written: nothing was done), outcome_unknown (of
    /// the first call with this key), or what the executor reports.
    Task<Result<Answer>> run(Invocation invocation);

    /// Something of the gateway itself that no tool tells: `content` makes it. Decided by the right
    /// to read from the gateway, whatever a rule says of tools, and recorded by `reading.tool`,
    /// which names none. Errors: denied, approval_required, insufficient_scope, unavailable (the
    /// trail), or those of `content`.
    using Content = std::function<Task<Result<nlohmann::json>>()>;
    Task<Result<nlohmann::json>> read(Invocation reading, Content content);
    /// Whether such a reading could be permitted.
    bool may_look(const auth::Principal& principal) const;

    /// The tools that `principal` may ever use, sorted by name: on some target, with some
    /// arguments.
    using VisibleTool = std::shared_ptr<const tools::Tool>;
    std::vector<VisibleTool> visible_tools(const auth::Principal& principal) const;

    /// The targets that `principal` may know of, by id, with the tools that it may use there.
    std::vector<tools::GatewayView::VisibleTarget> visible_targets(
        const auth::Principal& principal) const;
    bool can_see(const auth::Principal& principal, const TargetId& target) const;

    /// The names of the commands that `principal` may run on some target, as list_commands shows
    /// them to it.
    std::vector<std::string> visible_commands(const auth::Principal& principal) const;
    bool can_see_command(const auth::Principal& principal, std::string_view name) const;

    /// The principal's own runs that it may look at, newest first.
    std::vector<tools::RunView> visible_runs(const auth::Principal& principal) const;

    /// Whether some call of a tool about the gateway itself could be permitted.
    bool may_ask(const auth::Principal& principal, std::string_view tool) const;

    /// The same identity with the rights that it has in the present world: for questions that come
    /// long after the request that admitted it.
    auth::Principal admitted_now(const auth::Principal& principal) const;

    /// Changes whenever visible_tools() may answer otherwise for the same principal.
    std::uint64_t generation() const;

    CurrentWorld& world() noexcept { return world_; }

    /// From now on nothing that changes something is begun: calls that wait for their turn, and new
    /// ones, are refused as unavailable, with nothing begun. What has begun goes on. Safe from any
    /// thread.
    void stop_beginning();

    /// A token of the gateway's own was revoked, by its public id: of the calls that came with it,
    /// none is begun any more. What has begun goes on. Safe from any thread.
    void forget_token(const std::string& id);

    /// How the calls since the start ended.
    CallCounts::Totals outcomes() const noexcept { return counts_.totals(); }

    /// The daemon may stay no longer: cancels the changes that are being carried out, which nothing
    /// else does, and lets no other begin. Safe from any thread.
    void stop_changes();

private:
    /// Writes the outcome into the record, the log and the counters.
    void conclude(const Invocation& call, audit::Record& record, CallOutcome outcome);
    /// A call that never became a question to the gate: a path outside the allowed ones, an unknown
    /// target, an argument that does not fit.
    Task<Status> record_misfit(const Invocation& call, const World& world, const Error& error);
    Task<Result<Answer>> answer(const Invocation& call,
                                const World& world,
                                const tools::Tool& tool,
                                audit::Record record);
    /// Spends the permit and makes `record` that of the outcome.
    Task<Result<Answer>> carry_out(Prepared& prepared,
                                   policy::Permit permit,
                                   const World& world,
                                   runs::Run& run,
                                   audit::Record& record);

    /// The same of a job of several steps.
    Task<Result<Answer>> conduct(Prepared& prepared,
                                 policy::Permit permit,
                                 const World& world,
                                 audit::Record& record);

    /// Whether a call that was permitted in `decided_in` may still begin when its turn comes.
    Status check_turn(const World& decided_in,
                      const Prepared& prepared,
                      const policy::AccessRequest& request,
                      const policy::Obligations& granted) const;

    /// What only looks is cancelled by a stop as it is by a caller who leaves, and the callers of
    /// that one are still there to hear which it was.
    Error true_reason(Error error) const;

    /// The end of a call of which nothing was begun on its target.
    Task<Result<Answer>> give_up(const Invocation& call, audit::Record record, Error error);

    Task<Result<Claim>> claim_key(const Invocation& call,
                                  const tools::Tool& tool,
                                  const TargetId& target);
    /// The end of a call whose key tells that nothing may be done.
    Task<Result<Answer>> answer_again(const Invocation& call,
                                      audit::Record record,
                                      Result<Claim> claimed);

    CurrentWorld& world_;
    audit::Trail& trail_;
    targets::StateBoard& states_;
    const Clock& clock_;
    runs::Runs& runs_;
    IdempotencyKeys* const keys_;
    const TimePoint started_;
    Commitments commitments_;
    Claims claims_;
    Snapshot<std::set<std::string>> revoked_tokens_{
        std::make_shared<const std::set<std::string>>()};
    CallCounts counts_;
};

}  // namespace tailops::call
