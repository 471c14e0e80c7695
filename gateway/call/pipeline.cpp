#include "gateway/call/pipeline.hpp"

#include "gateway/async/withdrawable.hpp"
#include "gateway/call/idempotency.hpp"
#include "gateway/call/judged.hpp"
#include "gateway/call/naming.hpp"
#include "gateway/call/records.hpp"
#include "gateway/call/refusal.hpp"
#include "gateway/call/view.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/safe_text.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/policy_words.hpp"
#include "targets/bounded.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace tailops::call {
namespace asio = boost::asio;

/// What a call has become once its tool, its target and its plan are known.
struct Prepared {
    const tools::Tool* tool{nullptr};
    std::shared_ptr<const targets::Target> target;  // null: about the gateway itself
    tools::Plan plan;
    /// No arguments could make this call permitted: the gate only has to say why.
    bool hopeless{false};
    /// Decides about what the target will have opened; null where the plan has no place.
    std::shared_ptr<GateJudge> judge;
};

namespace {

using Moment = std::chrono::steady_clock::time_point;

const policy::TargetFacts& facts_of(const Prepared& call)
{
    return call.target ? call.target->spec.facts : gateway_facts();
}

Result<std::shared_ptr<const targets::Target>> resolve(const World& world, const Invocation& call)
{
    TAILOPS_TRY(const auto name, field<std::string>(*call.arguments, "target"));
    auto target = world.registry->find(TargetId{name});
    // One answer for both, so that a caller cannot find out what it may not see.
    if (!target || !can_see(world, call.principal, target->spec.facts)) {
        return fail(Errc::not_found, "there is no target " + quote(name) +
                                         " for you; list_targets tells which there are");
    }
    return target;
}

/// A right that calls of the tool need here, for the gate to say why it is refused.
tools::Right some_right(const tools::Tool& tool, const tools::CommandCatalogue& commands)
{
    const auto needs = tools::needs_of(tool, commands);
    for (const auto& right : tool.rights) {
        if (needs.empty()) break;
        if (right.capability == needs.front().capability.text()) {
            return {right.capability, needs.front().tier};
        }
    }
    return tool.rights.front();
}

tools::PlanContext context_of(const World& world, const targets::TargetSpec& target)
{
    const bool is_here = target.kind == targets::Kind::local;
    return {.target = &target,
            .commands = world.commands.get(),
            .own_places = is_here ? world.own_places : nullptr};
}

Result<Prepared> prepare(const World& world, const Invocation& call)
{
    Prepared prepared;
    prepared.tool = tools::find(call.tool);
    if (!prepared.tool) return fail(Errc::not_found, "there is no tool " + quote(call.tool));
    if (auto valid = tools::validate_arguments(*prepared.tool, *call.arguments); !valid) {
        return fail(std::move(valid).error());
    }
    if (!prepared.tool->needs_target()) {
        // Nothing to plan, so that the gate's one decision says it all.
        prepared.plan.right = prepared.tool->rights.front();
        return prepared;
    }
    TAILOPS_TRY(prepared.target, resolve(world, call));
    if (!targets::has_facet(facts_of(prepared).kind, prepared.tool->facet)) {
        return fail(Errc::invalid_argument, "target " + quote(facts_of(prepared).id.view()) +
                                                " does not offer " +
                                                std::string{to_string(prepared.tool->facet)});
    }
    // Before the plan, which may speak of the target's own settings.
    if (!could_use(world, call.principal, *prepared.tool, facts_of(prepared))) {
        prepared.plan.right = some_right(*prepared.tool, *world.commands);
        prepared.hopeless = true;
        return prepared;
    }
    TAILOPS_TRY(prepared.plan,
                prepared.tool->plan(*call.arguments, context_of(world, prepared.target->spec)));
    return prepared;
}

Result<policy::AccessRequest> question(const Invocation& call, Prepared& prepared, TimePoint now)
{
    TAILOPS_TRY(auto action, parse_capability(prepared.plan.right.capability));
    return policy::AccessRequest{.principal = call.principal,
                                 .tool = ToolName{call.tool},
                                 .action = action,
                                 .tier = prepared.plan.right.tier,
                                 .target = facts_of(prepared),
                                 .parameters = std::move(prepared.plan.parameters),
                                 .now = now,
                                 .aliases = std::move(prepared.plan.aliases)};
}

/// A test of a target must be no way around what the rules say of the calls there: it is no more
/// than the mildest of them, and sends an API nothing that the caller could not send by itself.
void bound_probe(const World& world, policy::AccessRequest& request, tools::Plan& plan)
{
    auto* probe = std::get_if<targets::Probe>(&plan.operation);
    if (!probe) return;
    request.mildest = mildest_use(world, request.principal, request.target);
    if (!plan.inquiry) return;
    const auto capability = parse_capability(plan.inquiry->right.capability);
    if (!capability) return;
    const policy::AccessRequest inquiry{.principal = request.principal,
                                        .tool = ToolName{std::string{plan.inquiry->tool}},
                                        .action = *capability,
                                        .tier = plan.inquiry->right.tier,
                                        .target = request.target,
                                        .parameters = std::move(plan.inquiry->parameters),
                                        .now = request.now,
                                        .aliases = std::move(plan.inquiry->aliases)};
    if (world.gate->decide(inquiry).decision.effect == policy::Effect::allow) return;
    probe->depth = targets::Probe::Depth::connect;
}

std::int64_t milliseconds_since(Moment start)
{
    const auto time = std::chrono::steady_clock::now() - start;
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// A command that exited 1 or an answer of HTTP 500 is a result; it is shown as a failure.
bool tells_of_failure(const nlohmann::json& content)
{
    const auto* success = find_member(content, "success");
    return success && success->is_boolean() && !success->get<bool>();
}

/// Safe to show: without what acts on a reader, and without secrets. `kinds`: of those that were
/// taken out already.
void make_fit(nlohmann::json& content, const World& world, std::set<std::string> kinds = {})
{
    make_safe(content);
    redact_secrets(content, *world.secrets->known(), kinds);
    if (!kinds.empty() && content.is_object()) content["redacted"] = kinds;
}

/// What a machine said, made into an answer that is fit to show.
Result<Answer> present(const Prepared& call,
                       const World& world,
                       const targets::ExecutionResult& result,
                       const Runs& runs,
                       const Run& run)
{
    const auto& plan = call.plan;
    if (result.dry_run) {
        nlohmann::json content{{"dry_run", true}, {"would", result.output}};
        make_fit(content, world);
        return Answer{.content = std::make_shared<const nlohmann::json>(std::move(content))};
    }
    auto presented = call.judge ? plan.place.present(result, *call.judge) : plan.present(result);
    if (!presented && result.truncated) {
        // What lacks its end is no answer of a wrong kind of machine.
        return fail(Errc::unavailable,
                    "the target's answer does not fit into the output limit of this call; ask for "
                    "less of it, or have output_limit raised in the policy or the target");
    }
    TAILOPS_TRY(auto content, std::move(presented));
    make_fit(content, world, result.redacted);
    if (result.truncated && plan.rest == tools::Plan::Rest::kept) runs.tell(run, content);
    const bool failed = tells_of_failure(content);
    return Answer{.content = std::make_shared<const nlohmann::json>(std::move(content)),
                  .failed = failed};
}

/// The record of a call that is about to act, for the book of runs.
RunRecord run_of(const Invocation& call,
                 const policy::AccessRequest& request,
                 const policy::Permit& permit,
                 TimePoint now)
{
    RunRecord record;
    record.shown.id = call.id;
    record.shown.tool = request.tool;
    record.shown.target = request.target.id;
    record.shown.started = now;
    record.owner = call.principal.identity.key();
    record.capability = request.action.text();
    record.tier = request.tier;
    record.dry_run = permit.obligations().dry_run;
    record.asked = {.parameters = request.parameters, .aliases = request.aliases};
    return record;
}

/// Whether the caller may have what the target opened. What was not opened needs no answer.
Status judge(const Prepared& call, const Result<targets::ExecutionResult>& result)
{
    if (!call.judge || !result || result->dry_run) return {};
    return call.plan.place.check(result->output, *call.judge);
}

/// The sink for what the result has no room for. What no one may have is not kept either.
std::shared_ptr<targets::OutputSink> sink_for(const Prepared& call, Run& run)
{
    auto sink = run.keep_output(call.plan.rest_begins_after);
    if (!sink || !call.judge) return sink;
    return std::make_shared<JudgedSink>(
        std::move(sink), std::string{call.plan.rest_begins_after},
        [check = call.plan.place.check, judge = call.judge](std::string_view beginning) {
            return check(beginning, *judge);
        });
}

RunResult result_for_book(const Result<Answer>& answer)
{
    if (!answer) return fail(answer.error());
    return answer->content;
}

/// A change whose answer cannot be shown was carried out all the same: "unavailable" and "internal"
/// would say that it was not, and be repeated.
Error after_the_effect(Error error)
{
    if (error.code() != Errc::unavailable && error.code() != Errc::internal) return error;
    auto told = "it was carried out, but its answer cannot be shown: " + error.public_message();
    return Error{Errc::outcome_unknown, std::move(told)}.because(std::move(error));
}

/// What the call means on its target; what is decided on depends on it.
Task<Result<Meaning>> understand(const World& world,
                                 Prepared& prepared,
                                 policy::AccessRequest& request,
                                 const audit::Trail& trail)
{
    if (!prepared.target || prepared.hopeless) co_return Meaning{};
    bound_probe(world, request, prepared.plan);
    if (prepared.plan.namings.empty()) co_return Meaning{};
    // What cannot be recorded is not begun, not even by a look.
    if (const auto able = trail.health(); !able) {
        co_return fail(Error{able.error()}.with_nothing_begun());
    }
    co_return co_await find_meaning(*world.gate, *prepared.target->executor, prepared.plan,
                                    request);
}

/// Until the target is asked to act, who leaves takes the call back: also one who left while the
/// intent was written, when a cancellation was only noted.
Task<Result<targets::ExecutionResult>> execute(Prepared& call, policy::Permit permit)
{
    const auto commitment = permit.commitment();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        commitment.withdraw(caller_left());
    }
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_return co_await withdrawable(
        commitment, call.target->executor->run(std::move(permit), std::move(call.plan.operation)));
}

}  // namespace

Pipeline::Pipeline(const PipelineParts& parts)
    : world_{parts.world},
      trail_{parts.trail},
      states_{parts.states},
      clock_{parts.clock},
      runs_{parts.runs},
      keys_{parts.keys},
      started_{clock_.now()}
{
}

Task<Result<Answer>> Pipeline::run(Invocation call)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto world = world_.get();
    auto preparation = prepare(*world, call);
    if (!preparation) {
        TAILOPS_CO_CHECK(co_await record_misfit(call, *world, preparation.error()));
        co_return fail(std::move(preparation).error());
    }
    auto prepared = *std::move(preparation);
    TAILOPS_CO_TRY(auto request, question(call, prepared, clock_.now()));
    const auto meaning = co_await understand(*world, prepared, request, trail_);
    auto [decision, permit] = world->gate->decide(request);
    // Where no call of the tool could be permitted, there is nothing to allow.
    if (prepared.hopeless && permit) decision = {};
    // Who may do nothing by any rule is not told what is there; the record is.
    const auto told = decision;
    if (meaning && !meaning->told.empty()) decision.why += "; " + meaning->told;
    if (!meaning) {
        decision = {};
        decision.why = "what is meant could not be found out";
    }
    log_decision(call, decision);
    auto record = record_of(call, request, decision, *world);
    if (!meaning) co_return co_await give_up(call, std::move(record), meaning.error());

    if (!permit || prepared.hopeless) {
        conclude(call, record, CallOutcome::refused);
        TAILOPS_CO_CHECK(co_await trail_.append(record, audit::Durability::buffered));
        co_return fail(refusal(request, decision.rule ? decision : told));
    }
    if (!prepared.target)
        co_return co_await answer(call, *world, *prepared.tool, std::move(record));

    const bool has_effect = request.tier > Tier::observe;
    std::optional<Claim> claim;
    permit->commit_with(
        commitments_.open(has_effect ? Commitment::Once::held : Commitment::Once::cancellable));
    if (has_effect) {
        // What has reserved its key has to settle it, so a cancellation is only noted here. Once
        // begun, what changes something runs on to its deadline: half done is worse than
        // unobserved.
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            permit->commitment().withdraw(caller_left());
        }
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation(),
                                                           asio::disable_cancellation());
        if (!permit->obligations().dry_run && !idempotency_key_of(call).empty()) {
            auto claimed = co_await claim_key(call, request.target.id);
            if (!claimed || claimed->first) {
                co_return co_await answer_again(call, std::move(record), std::move(claimed));
            }
            claim = *std::move(claimed);
        }
    }
    if (meaning->missing) {
        const Result<Answer> nothing = fail(*meaning->missing);
        if (claim) co_await keys_->settle(*claim, nothing);
        co_return co_await give_up(call, std::move(record), *meaning->missing);
    }
    const auto noted = co_await trail_.append(
        record, has_effect ? audit::Durability::durable : audit::Durability::buffered);
    if (!noted) {
        const Result<Answer> nothing = fail(Error{noted.error()}.with_nothing_begun());
        if (claim) co_await keys_->settle(*std::move(claim), nothing);
        co_return nothing;
    }
    if (call.trace) {
        targets::carry_trace(prepared.plan.operation, traceparent_of(*call.trace, call.id.view()),
                             call.trace->state);
    }
    if (prepared.plan.place.present) {
        prepared.judge = std::make_shared<GateJudge>(world->gate, request, permit->obligations());
    }
    const auto run = runs_.begin(run_of(call, request, *permit, clock_.now()));
    auto answered = co_await carry_out(prepared, *std::move(permit), *world, *run, record);
    const auto outcome = outcome_of(answered);
    conclude(call, record, outcome);
    if (claim) co_await keys_->settle(*std::move(claim), answered);
    runs_.finish(*run, clock_.now(), result_for_book(answered), outcome);
    // What was done was done: "unavailable" would have the caller do it again.
    const auto kept = co_await trail_.append(std::move(record), audit::Durability::buffered);
    log_unrecorded(call, kept);
    co_return answered;
}

Task<Result<Answer>> Pipeline::carry_out(
    Prepared& prepared, policy::Permit permit, const World& world, Run& run, audit::Record& record)
{
    if (prepared.plan.rest == tools::Plan::Rest::kept) {
        targets::keep_rest(prepared.plan.operation, sink_for(prepared, run));
    }
    targets::scrub_output(prepared.plan.operation, world.secrets->known());
    const auto start = std::chrono::steady_clock::now();
    const bool has_effect = record.tier > Tier::observe;
    auto result = co_await execute(prepared, std::move(permit));

    // A caller who hangs up may cancel the work, never its record.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    record.phase = audit::Phase::outcome;
    record.elapsed_ms = milliseconds_since(start);
    co_await runs_.settle(run, result);
    const auto judged = judge(prepared, result);
    Result<Answer> answered = fail(Errc::internal, "no answer");
    if (!result) {
        answered = fail(Error{result.error()});
    } else if (!judged) {
        answered = fail(Error{judged.error()});
    } else {
        answered = present(prepared, world, *result, runs_, run);
        if (!answered && has_effect) answered = fail(after_the_effect(std::move(answered).error()));
    }
    record.detail = outcome_detail(result, answered, world);
    if (prepared.judge) describe_opened(record, prepared.judge->opened());
    co_return answered;
}

Task<Result<Answer>> Pipeline::give_up(const Invocation& call, audit::Record record, Error error)
{
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    record.detail = error_detail(error, *world_.get());
    conclude(call, record, outcome_of(error));
    TAILOPS_CO_CHECK(co_await trail_.append(std::move(record), audit::Durability::buffered));
    co_return fail(std::move(error));
}

void Pipeline::conclude(const Invocation& call, audit::Record& record, CallOutcome outcome)
{
    record.outcome = to_string(outcome);
    counts_.count(outcome);
    log_outcome(call, record, outcome);
}

Task<Result<Claim>> Pipeline::claim_key(const Invocation& call, const TargetId& target)
{
    if (keys_) co_return co_await keys_->claim(call, target);
    co_return fail(Errc::unavailable, "this gateway keeps no idempotency keys; nothing was done");
}

Task<Result<Answer>> Pipeline::answer_again(const Invocation& call,
                                            audit::Record record,
                                            Result<Claim> claimed)
{
    record.detail = claimed ? replay_detail(claimed->first_request)
                            : error_detail(claimed.error(), *world_.get());
    conclude(call, record, claimed ? CallOutcome::replayed : outcome_of(claimed.error()));
    // The first call may have done it: "unavailable", which says that nothing was, would hide that.
    const auto told = co_await trail_.append(std::move(record), audit::Durability::buffered);
    log_unrecorded(call, told);
    if (!claimed) co_return fail(std::move(claimed).error());
    co_return *std::move(claimed->first);
}

Task<Status> Pipeline::record_misfit(const Invocation& call, const World& world, const Error& error)
{
    auto record = record_of_caller(call, world);
    describe_misfit(record, text_member(*call.arguments, "target"), error, world);
    conclude(call, record, CallOutcome::refused);
    co_return co_await trail_.append(std::move(record), audit::Durability::buffered);
}

Task<Result<Answer>> Pipeline::answer(const Invocation& call,
                                      const World& world,
                                      const tools::Tool& tool,
                                      audit::Record record)
{
    const PrincipalView::Moment moment{clock_.now(), started_};
    const PrincipalView view{world, call.principal, states_, trail_, runs_, moment};
    Result<nlohmann::json> content;
    if (tool.fetch)
        content = co_await tool.fetch(*call.arguments, view);
    else
        content = tool.answer(*call.arguments, view);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    record.phase = audit::Phase::outcome;
    Result<Answer> answered = fail(Errc::internal, "no answer");
    if (content) {
        make_fit(*content, world);
        const bool failed = tells_of_failure(*content);
        auto shown = std::make_shared<const nlohmann::json>(*std::move(content));
        answered = Answer{.content = std::move(shown), .failed = failed};
    } else {
        answered = fail(std::move(content).error());
    }
    conclude(call, record, outcome_of(answered));
    TAILOPS_CO_CHECK(co_await trail_.append(std::move(record), audit::Durability::buffered));
    co_return answered;
}

void Pipeline::stop_beginning()
{
    commitments_.close(
        Error{Errc::unavailable,
              "the gateway is stopping; nothing was done, call again when it is back"});
}

void Pipeline::stop_changes()
{
    commitments_.end(Error{Errc::cancelled, "the gateway stops; nothing was done"});
}

std::uint64_t Pipeline::generation() const
{
    return world_.get()->generation;
}

}  // namespace tailops::call
