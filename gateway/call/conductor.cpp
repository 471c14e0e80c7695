#include "gateway/call/conductor.hpp"

#include "gateway/async/spawn_here.hpp"
#include "gateway/call/records.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "targets/bounded.hpp"
#include "targets/output.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::call {
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A job that takes longer than this is stuck.
constexpr auto job_time_max = std::chrono::minutes{30};
// What putting a step back may take, whatever time the job has used up.
constexpr milliseconds undo_time_max = std::chrono::minutes{2};
constexpr milliseconds first_pause{100};
constexpr milliseconds undo_pause{500};

/// Whether the target may have done what it was asked, though we do not know: also where it gave an
/// answer that nobody can read (internal).
bool may_be_done(const Error& error)
{
    if (error.has_nothing_begun()) return false;
    switch (error.code()) {
    case Errc::deadline_exceeded:
    case Errc::cancelled:
    case Errc::unreachable:
    case Errc::outcome_unknown:
    case Errc::internal: return true;
    default: return false;
    }
}

/// The operation as a person can do it by hand.
std::string by_hand(const tools::Undo& undo)
{
    return undo.step + " (" + targets::describe(undo.operation).substr(6) + ")";  // "would "
}

}  // namespace

Conductor::Conductor(Parts parts, policy::Permit permit)
    : parts_{std::move(parts)},
      permit_{std::move(permit)},
      deadline_{steady_clock::now() + job_time_max}
{
}

Conductor::~Conductor()
{
    for (const auto& thing : claimed_) parts_.claims.give_back(thing);
}

Status Conductor::claim(const Thing& thing)
{
    Claims::Thing whole{.target = thing.is_unique ? std::string{} : permit_.target().str(),
                        .kind = thing.kind,
                        .word = thing.word};
    if (!parts_.claims.take(whole)) {
        return fail(Error{Errc::busy, "another call works on " + thing.kind + ' ' +
                                          quote(thing.word) + "; wait until it is over"}
                        .with_nothing_begun());
    }
    claimed_.push_back(std::move(whole));
    return {};
}

milliseconds Conductor::time_left() const
{
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now());
    return std::max(left, milliseconds{1});
}

std::string_view Conductor::word_of(State state) noexcept
{
    constexpr std::array<std::string_view, 6> words = {"planned", "done",   "failed",
                                                       "unknown", "undone", "left"};
    return words[static_cast<std::size_t>(state)];
}

Task<Result<targets::ExecutionResult>> Conductor::execute(const tools::Right& right,
                                                          targets::Operation operation,
                                                          milliseconds patience,
                                                          milliseconds left)
{
    auto permit = permit_.step(
        {.action = right.capability, .tier = right.tier, .patience = patience, .left = left});
    if (!permit) co_return fail(std::move(permit).error());
    targets::scrub_output(operation, parts_.world.secrets->known());
    co_return co_await parts_.executor->run(*std::move(permit), std::move(operation));
}

Task<Result<targets::ExecutionResult>> Conductor::do_look(Look look)
{
    if (parts_.tell) parts_.tell(look.step);
    auto result = co_await execute(parts_.uses.front(), std::move(look.operation), look.patience,
                                   time_left());
    // What may not be done any more is not looked at for it either.
    if (steps_.empty() && parts_.may_begin) {
        TAILOPS_CO_CHECK(parts_.may_begin());
    }
    if (!result) {
        auto error = std::move(result).error();
        co_return fail(
            Error{error.code(), "cannot " + look.step + ": " + error.public_message()}.because(
                std::move(error)));
    }
    co_return result;
}

Task<Status> Conductor::do_act(Act act)
{
    auto& step = steps_.emplace_back(Step{.name = std::move(act.step),
                                          .does = targets::describe(act.operation),
                                          .reversal = std::move(act.reversal)});
    if (is_rehearsal()) {
        digested_ += step.name + '\n' + targets::describe_whole(act.operation) + '\n';
        co_return Status{};
    }
    if (permit_.commitment().is_ended()) {
        step.state = State::failed;
        step.why = "the gateway stopped";
        co_return fail(Errc::cancelled, "the gateway stopped before it could " + step.name);
    }
    if (parts_.tell) parts_.tell(step.name);
    if (auto noted = co_await record_intent(step, step.does); !noted) {
        step.state = State::failed;
        step.why = noted.error().public_message();
        co_return fail(std::move(noted).error());
    }
    auto result =
        co_await execute(parts_.right, std::move(act.operation), act.patience, time_left());
    Status accepted{};
    if (!result) {
        accepted = fail(std::move(result).error());
    } else {
        accepted = act.accept(*result, step.reversal);
    }
    if (accepted) {
        step.state = State::done;
        co_await record_outcome(CallOutcome::ok, {});
        co_return accepted;
    }
    const bool is_unknown = may_be_done(accepted.error());
    step.state = is_unknown ? State::unknown : State::failed;
    step.why = accepted.error().public_message();
    const auto outcome = is_unknown ? CallOutcome::outcome_unknown : CallOutcome::failed;
    co_await record_outcome(outcome, step.why);
    const auto message = "cannot " + step.name + ": " + step.why;
    co_return fail(Error{accepted.error().code(), message}.because(std::move(accepted).error()));
}

Task<Status> Conductor::until(Wait wait)
{
    if (is_rehearsal()) co_return Status{};
    if (parts_.tell) parts_.tell(wait.step);
    const auto end = std::min(steady_clock::now() + wait.time, deadline_);
    auto pause = std::min(first_pause, wait.pause);
    std::optional<steady_clock::time_point> held_since;
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (;;) {
        auto looked =
            co_await execute(parts_.uses.front(), wait.operation, milliseconds{0}, time_left());
        if (!looked) co_return fail(std::move(looked).error());
        TAILOPS_CO_TRY(const bool holds, wait.holds(*looked));
        if (!holds) held_since.reset();
        if (holds && !held_since) held_since = steady_clock::now();
        if (held_since && steady_clock::now() - *held_since >= wait.steady_for) co_return Status{};
        if (steady_clock::now() + pause > end) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait.time);
            co_return fail(Errc::deadline_exceeded, "gave up to " + wait.step + " after " +
                                                        std::to_string(seconds.count()) + " s");
        }
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
        pause = std::min(pause * 2, wait.pause);
    }
}

Task<Result<tools::Content>> Conductor::run(
    std::function<Task<Result<tools::Content>>(tools::Work&)> job)
{
    // What was begun is recorded and taken back also by who is cancelled.
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<tools::Content> told = fail(Errc::internal, "the gateway failed to carry this out");
    try {
        told = co_await job(*this);
    } catch (const std::exception& thrown) {
        if (is_cancellation(std::current_exception())) {
            told = fail(Errc::cancelled, "the call was stopped");
        } else {
            log(Event::internal_error,
                {{"where", "job of " + parts_.record.tool.str()}, {"what", thrown.what()}});
        }
    }
    if (!told) co_return co_await failed(std::move(told).error());
    auto& content = **told;
    if (is_rehearsal()) {
        std::string would;
        for (const auto& step : steps_) {
            would += (would.empty() ? "" : "\n") + step.name + ": " + step.does;
        }
        content = {{"dry_run", true},
                   {"would", would.empty() ? "would change nothing" : would},
                   {"rehearsal_sha256", to_hex(sha256(digested_))}};
        co_return told;
    }
    content["success"] = true;
    content["steps"] = steps_json();
    co_return told;
}

/// The answer of a job that came to an error: once it has acted, what became of that is a result.
Task<Result<tools::Content>> Conductor::failed(Error why)
{
    const bool has_acted = std::ranges::any_of(steps_, [](const Step& step) {
        return step.state == State::done || step.state == State::unknown;
    });
    if (!has_acted) co_return fail(std::move(why).with_nothing_begun());
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await undo_all();
    nlohmann::json content{
        {"success", false}, {"error", why.public_message()}, {"steps", steps_json()}};
    if (!by_hand_.empty()) content["by_hand"] = by_hand_;
    co_return std::make_shared<nlohmann::json>(std::move(content));
}

Task<void> Conductor::undo_all()
{
    undone_by_ = steady_clock::now() + undo_time_max;
    for (auto at = steps_.size(); at-- > 0;) {
        auto& step = steps_[at];
        const bool may_be_there = step.state == State::done || step.state == State::unknown;
        if (!may_be_there || std::holds_alternative<tools::Stays>(step.reversal)) continue;
        if (const auto* way_back = std::get_if<tools::Undo>(&step.reversal)) {
            co_await undo(step, *way_back);
        } else {
            step.state = State::left;
            step.why = "it cannot be undone";
        }
    }
    co_return;
}

Task<void> Conductor::undo(Step& step, const tools::Undo& undo)
{
    if (permit_.commitment().is_ended()) {
        step.state = State::left;
        step.why = "the gateway stopped; by hand: " + by_hand(undo);
        by_hand_.push_back(by_hand(undo));
        co_return;
    }
    if (parts_.tell) parts_.tell(undo.step);
    if (step.state == State::unknown && undo.settling) co_await settle(*undo.settling);
    // What puts things right is done also where the trail cannot be told of it.
    const auto noted = co_await record_intent(step, undo.step);
    if (!noted) log(Event::internal_error, {{"where", "undo"}, {"what", noted.error().describe()}});
    const auto accepted = co_await take_back(undo);
    if (accepted) {
        step.state = State::undone;
    } else {
        step.state = State::left;
        step.why = "cannot " + undo.step + ": " + accepted.error().public_message() +
                   "; by hand: " + by_hand(undo);
        by_hand_.push_back(by_hand(undo));
    }
    if (!noted) co_return;
    const auto outcome = accepted ? CallOutcome::ok : CallOutcome::failed;
    std::string detail;
    if (!accepted) detail = accepted.error().public_message();
    co_await record_outcome(outcome, std::move(detail));
}

/// Undoes once; a target that is away for a moment is asked again.
Task<Status> Conductor::take_back(const tools::Undo& undo)
{
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (;;) {
        const auto left =
            std::chrono::duration_cast<milliseconds>(undone_by_ - steady_clock::now());
        const auto time = std::max(left, milliseconds{1000});
        auto result = co_await execute(parts_.right, undo.operation, undo.patience, time);
        if (result) co_return undo.accept(*result);
        const bool is_away = result.error().code() == Errc::unreachable;
        const bool goes_on = is_away && !permit_.commitment().is_ended();
        if (!goes_on || steady_clock::now() + undo_pause > undone_by_) {
            co_return fail(std::move(result).error());
        }
        timer.expires_after(undo_pause);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

/// Waits until the target is done with a step whose outcome is unknown.
Task<void> Conductor::settle(const tools::Undo::Settling& settling)
{
    const auto end = std::min(steady_clock::now() + settling.time, undone_by_);
    asio::steady_timer timer{co_await asio::this_coro::executor};
    bool goes_on = true;
    while (goes_on) {
        const auto looked =
            co_await execute(parts_.uses.front(), settling.look, milliseconds{0}, undo_time_max);
        const auto is_over = looked ? settling.is_over(*looked) : Result<bool>{false};
        const bool has_time = steady_clock::now() + undo_pause < end;
        goes_on = has_time && !permit_.commitment().is_ended() && !is_over.value_or(true);
        if (!goes_on) break;
        timer.expires_after(undo_pause);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return;
}

Task<Status> Conductor::record_intent(const Step& step, const std::string& what)
{
    step_record_ = parts_.record;
    step_record_.phase = audit::Phase::intent;
    step_record_.request =
        RequestId{parts_.record.request.str() + '-' + std::to_string(++recorded_)};
    step_record_.idempotency_key.clear();
    step_record_.parameters_sha256.clear();
    step_record_.parameters = dump_json({{"step", step.name}, {"does", what}});
    step_record_.why = "a step of " + parts_.record.request.str();
    step_begun_ = steady_clock::now();
    co_return co_await parts_.trail.append(step_record_, audit::Durability::durable);
}

Task<void> Conductor::record_outcome(CallOutcome outcome, std::string detail)
{
    step_record_.phase = audit::Phase::outcome;
    step_record_.outcome = to_string(outcome);
    step_record_.detail = std::move(detail);
    step_record_.elapsed_ms =
        std::chrono::duration_cast<milliseconds>(steady_clock::now() - step_begun_).count();
    const auto kept = co_await parts_.trail.append(step_record_, audit::Durability::buffered);
    if (!kept) log(Event::internal_error, {{"where", "trail"}, {"what", kept.error().describe()}});
}

nlohmann::json Conductor::steps_json() const
{
    auto out = nlohmann::json::array();
    for (const auto& step : steps_) {
        nlohmann::json one{{"step", step.name}, {"state", word_of(step.state)}};
        if (!step.why.empty()) one["why"] = step.why;
        out.push_back(std::move(one));
    }
    return out;
}

std::string Conductor::summary() const
{
    if (is_rehearsal()) return "rehearsed";
    const auto count = [this](State state) {
        return static_cast<std::size_t>(std::ranges::count(steps_, state, &Step::state));
    };
    std::string out = std::to_string(count(State::done)) + " steps done";
    for (const auto state : {State::failed, State::unknown, State::undone, State::left}) {
        if (const auto n = count(state); n > 0) {
            out += ", " + std::to_string(n) + ' ' + std::string{word_of(state)};
        }
    }
    return out;
}

}  // namespace tailops::call
