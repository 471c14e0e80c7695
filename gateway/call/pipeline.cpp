#include "gateway/call/pipeline.hpp"

#include "gateway/async/withdrawable.hpp"
#include "gateway/call/conductor.hpp"
#include "gateway/call/idempotency.hpp"
#include "gateway/call/preparing.hpp"
#include "gateway/call/presenting.hpp"
#include "gateway/call/records.hpp"
#include "gateway/call/refusal.hpp"
#include "gateway/call/turn.hpp"
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

namespace {

using Moment = std::chrono::steady_clock::time_point;

std::int64_t milliseconds_since(Moment start)
{
    const auto time = std::chrono::steady_clock::now() - start;
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// The record of a call that is about to act, for the book of runs.
runs::RunRecord run_of(const Invocation& call,
                       const policy::AccessRequest& request,
                       const policy::Permit& permit,
                       TimePoint now)
{
    runs::RunRecord record;
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

runs::RunResult result_for_book(const Result<Answer>& answer)
{
    if (!answer) return fail(answer.error());
    return answer->content;
}

/// From here on a cancellation takes the call back and stops no work of ours. What has reserved its
/// key has to settle it, and once begun, what changes something runs on to its deadline: half done
/// is worse than unobserved.
Task<void> only_note_cancellation(Commitment commitment)
{
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        commitment.withdraw(caller_left());
    }
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation(),
                                                       asio::disable_cancellation());
}

/// Until the target is asked to act, who leaves takes the call back: also one who left while the
/// intent was written, when a cancellation was only noted.
template <class T>
Task<Result<T>> until_taken_back(Commitment commitment, Task<Result<T>> work)
{
    // What it asks refers to the call, which is over before a late begin() could come.
    const std::shared_ptr<void> unchecked{nullptr,
                                          [commitment](void*) { commitment.check_with(nullptr); }};
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        commitment.withdraw(caller_left());
    }
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_return co_await withdrawable(commitment, std::move(work));
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
    TAILOPS_CO_TRY(auto decided, co_await decide(*world, call, prepared, trail_, clock_.now()));
    auto& [request, decision, told, permit, meaning] = decided;
    log_decision(call, decision);
    auto record = record_of(call, request, decision, *world);
    if (!meaning) co_return co_await give_up(call, std::move(record), meaning.error());

    if (!permit) {
        conclude(call, record, CallOutcome::refused);
        TAILOPS_CO_CHECK(co_await trail_.append(record, audit::Durability::buffered));
        co_return fail(refusal(request, told));
    }
    if (!prepared.target)
        co_return co_await answer(call, *world, *prepared.tool, std::move(record));

    const bool has_effect = request.tier > Tier::observe;
    std::optional<Claim> claim;
    permit->commit_with(
        commitments_.open(has_effect ? Commitment::Once::held : Commitment::Once::cancellable));
    if (has_effect) {
        co_await only_note_cancellation(permit->commitment());
        if (!permit->obligations().dry_run && !idempotency_key_of(call).empty()) {
            auto claimed = co_await claim_key(call, *prepared.tool, request.target.id);
            if (!claimed || claimed->first) {
                co_return co_await answer_again(call, std::move(record), std::move(claimed));
            }
            claim = *std::move(claimed);
        }
    }
    if (meaning->missing) {
        const Result<Answer> nothing = fail(*meaning->missing);
        if (claim) co_await keys_->settle(*std::move(claim), nothing);
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
    prepared.may_begin = [this, &decided_in = *world, &prepared, &asked = request,
                          granted = permit->obligations()] {
        return check_turn(decided_in, prepared, asked, granted);
    };
    permit->commitment().check_with(prepared.may_begin);
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

Status Pipeline::check_turn(const World& decided_in,
                            const Prepared& prepared,
                            const policy::AccessRequest& request,
                            const policy::Obligations& granted) const
{
    const auto& identity = request.principal.identity;
    if (identity.method == auth::Method::gateway_token &&
        revoked_tokens_.get()->contains(identity.client_id)) {
        return fail(Errc::denied, "the token was revoked while the call waited; nothing was done");
    }
    for (const auto& naming : prepared.plan.namings) {
        // A job has what it works on for itself already.
        const bool is_change = request.tier > Tier::observe && !prepared.plan.job;
        if (is_change && claims_.is_taken(request.target.id.view(), naming.kind, naming.word)) {
            return fail(Errc::busy, "another call works on " + naming.kind + ' ' +
                                        quote(naming.word) + "; wait until it is over");
        }
    }
    const auto now = world_.get();
    if (now.get() == &decided_in) return {};
    return check_again(*now, prepared, request, granted);
}

void Pipeline::forget_token(const std::string& id)
{
    revoked_tokens_.update([&](std::set<std::string>& tokens) { tokens.insert(id); });
}

Task<Result<Answer>> Pipeline::carry_out(Prepared& prepared,
                                         policy::Permit permit,
                                         const World& world,
                                         runs::Run& run,
                                         audit::Record& record)
{
    if (prepared.plan.job) {
        co_return co_await conduct(prepared, std::move(permit), world, record);
    }
    if (prepared.plan.rest == tools::Plan::Rest::kept) {
        targets::keep_rest(prepared.plan.operation, sink_for(prepared, run));
    }
    targets::scrub_output(prepared.plan.operation, world.secrets->known());
    const auto start = std::chrono::steady_clock::now();
    const bool has_effect = record.tier > Tier::observe;
    const auto commitment = permit.commitment();
    auto result = co_await until_taken_back(
        commitment,
        prepared.target->executor->run(std::move(permit), std::move(prepared.plan.operation)));
    if (!result && !has_effect) result = fail(true_reason(std::move(result).error()));

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

Task<Result<Answer>> Pipeline::conduct(Prepared& prepared,
                                       policy::Permit permit,
                                       const World& world,
                                       audit::Record& record)
{
    const auto start = std::chrono::steady_clock::now();
    const auto commitment = permit.commitment();
    Conductor conductor{{.world = world,
                         .trail = trail_,
                         .claims = claims_,
                         .executor = prepared.target->executor,
                         .uses = prepared.tool->uses,
                         .right = prepared.plan.right,
                         .record = record,
                         .tell = prepared.tell,
                         .may_begin = prepared.may_begin},
                        std::move(permit)};
    auto content = co_await until_taken_back(commitment, conductor.run(prepared.plan.job));

    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    record.phase = audit::Phase::outcome;
    record.elapsed_ms = milliseconds_since(start);
    if (!content) {
        record.detail = error_detail(content.error(), world);
        co_return fail(std::move(content).error());
    }
    record.detail = conductor.summary();
    make_fit(**content, world);
    const bool failed = tells_of_failure(**content);
    co_return Answer{.content = *std::move(content), .failed = failed};
}

Error Pipeline::true_reason(Error error) const
{
    if (error.code() != Errc::cancelled || !commitments_.are_closed()) return error;
    Error stopped{Errc::cancelled,
                  "the gateway is stopping and gave this up; call again when it is back"};
    if (error.has_nothing_begun()) stopped = std::move(stopped).with_nothing_begun();
    return stopped;
}

Task<Result<Answer>> Pipeline::give_up(const Invocation& call, audit::Record record, Error error)
{
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    error = true_reason(std::move(error));
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

Task<Result<Claim>> Pipeline::claim_key(const Invocation& call,
                                        const tools::Tool& tool,
                                        const TargetId& target)
{
    if (keys_) co_return co_await keys_->claim(call, tool, target);
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
    Result<tools::Content> content;
    if (tool.fetch)
        content = co_await tool.fetch(*call.arguments, view);
    else
        content = tool.answer(*call.arguments, view);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    record.phase = audit::Phase::outcome;
    Result<Answer> answered = fail(Errc::internal, "no answer");
    if (content) {
        make_fit(**content, world);
        const bool failed = tells_of_failure(**content);
        answered = Answer{.content = *std::move(content), .failed = failed};
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
