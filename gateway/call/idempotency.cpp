#include "gateway/call/idempotency.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/call/kept_outcome.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace tailops::call {
namespace asio = boost::asio;
namespace {

using nlohmann::json;
using store::CallKeyReservation;
using store::StoredCallKey;

// 64 bits: enough to tell two values of one argument apart.
constexpr std::size_t digest_digits = 16;
/// Whether the argument says what leaving it out says: an empty object, where the schema has that
/// as the default.
bool says_nothing(const tools::Tool& tool, std::string_view name, const json& value)
{
    if (!value.is_object() || !value.empty()) return false;
    const auto schema = parse_json(tool.input_schema);
    const auto* properties = schema ? find_member(*schema, "properties") : nullptr;
    const auto* property = properties ? find_member(*properties, name) : nullptr;
    const auto* usual = property ? find_member(*property, "default") : nullptr;
    return usual && *usual == value;
}

/// A digest of each argument but the key, so that a difference can be named. nlohmann::json sorts
/// by name: equal values have equal texts.
json fingerprint_of(const tools::Tool& tool, const json& arguments)
{
    auto digests = json::object();
    for (const auto& [name, value] : arguments.items()) {
        if (name == tools::idempotency_key_argument || says_nothing(tool, name, value)) continue;
        digests[name] = to_hex(sha256(dump_json(value))).substr(0, digest_digits);
    }
    return digests;
}

/// The names that differ or that only one of the two has, as a sentence shows them.
std::string differences(const json& one, const json& other)
{
    std::set<std::string> names;
    for (const auto& [from, to] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
        for (const auto& [name, digest] : from->items()) {
            const auto* there = find_member(*to, name);
            if (!there || *there != digest) names.insert(quote(name));
        }
    }
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

Error used_otherwise(const CallKeyReservation& wanted, const StoredCallKey& stored)
{
    const auto now = parse_json(wanted.fingerprint).value_or(json::object());
    const auto before = parse_json(stored.fingerprint).value_or(json::object());
    return Error{Errc::invalid_argument, "idempotency_key " + quote(wanted.scope.key) +
                                             " was used with other arguments (request " +
                                             quote(stored.request) + "), which differ in " +
                                             differences(before, now) +
                                             "; use a new key for another call"};
}

Error still_running(const CallKeyReservation& wanted, const StoredCallKey& stored)
{
    return Error{Errc::busy, "the first call with idempotency_key " + quote(wanted.scope.key) +
                                 " is still running; get_run " + quote(stored.request) +
                                 " tells when it has ended"};
}

Error interrupted(const CallKeyReservation& wanted, const StoredCallKey& stored)
{
    return Error{Errc::outcome_unknown,
                 "the first call with idempotency_key " + quote(wanted.scope.key) +
                     " was interrupted and its outcome is unknown; look at the target, and at "
                     "get_run " +
                     quote(stored.request) + "; use a new key if it is still to be done"};
}

/// What the caller hears when the database does not play: nothing was done, and a retry is no risk.
Error not_kept(Error cause)
{
    if (cause.code() == Errc::busy) return std::move(cause).with_nothing_begun();
    log(Event::idempotency_failed, {{"where", "reserve"}, {"why", cause.describe()}});
    return Error{Errc::unavailable, "the idempotency key cannot be kept; nothing was done"}
        .because(std::move(cause))
        .with_nothing_begun();
}

CallKeyReservation reservation_of(const Invocation& call,
                                  const tools::Tool& tool,
                                  const TargetId& target,
                                  TimePoint now)
{
    CallKeyReservation wanted;
    wanted.scope = {.principal = call.principal.identity.key(),
                    .tool = call.tool,
                    .target = target.str(),
                    .key = std::string{idempotency_key_of(call)}};
    wanted.fingerprint = dump_json(fingerprint_of(tool, *call.arguments));
    wanted.request = call.id.str();
    wanted.when = now;
    return wanted;
}

}  // namespace

void RunningCalls::add(const std::string& request)
{
    const std::scoped_lock lock{mutex_};
    requests_.insert(request);
}

void RunningCalls::remove(const std::string& request)
{
    const std::scoped_lock lock{mutex_};
    requests_.erase(request);
}

bool RunningCalls::has(const std::string& request) const
{
    const std::scoped_lock lock{mutex_};
    return requests_.contains(request);
}

RunningCall::RunningCall(std::shared_ptr<RunningCalls> all, std::string request)
    : all_{std::move(all)},
      request_{std::move(request)}
{
    all_->add(request_);
}

RunningCall::~RunningCall()
{
    all_->remove(request_);
}

std::string_view idempotency_key_of(const Invocation& call)
{
    return text_member(*call.arguments, tools::idempotency_key_argument);
}

/// The end of a call that waits for the disk.
struct Unkept {
    CallKeyReservation reservation;
    std::shared_ptr<RunningCall> hold;
    std::optional<std::string> outcome;  // none: the key is given back
    TimePoint ended;
};

struct IdempotencyKeys::State {
    State(std::shared_ptr<store::CallKeyStore> where,
          boost::asio::thread_pool& pool,
          AgeClock age_clock,
          store::CallKeyBounds how,
          const runs::Runs* runs)
        : store{std::move(where)},
          blocking{pool},
          ages{std::move(age_clock)},
          bounds{how},
          book{runs}
    {
    }

    const std::shared_ptr<store::CallKeyStore> store;
    boost::asio::thread_pool& blocking;
    const AgeClock ages;
    const store::CallKeyBounds bounds;
    const runs::Runs* const book;
    const std::shared_ptr<RunningCalls> running{std::make_shared<RunningCalls>()};
    mutable std::mutex mutex;
    std::map<std::string, Unkept> unkept;  // by request
    bool is_keeping{false};                // keep() is at work on them
    bool is_over{false};                   // nobody keeps keys any more

    store::CallKeyUse use() const
    {
        return {.watched_for = std::chrono::floor<std::chrono::seconds>(ages.running_for()),
                .is_running = [all = running](const std::string& request) {
                    return all->has(request);
                }};
    }

    Status try_to_keep(const Unkept& end) const
    {
        return end.outcome ? store->finish(end.reservation, *end.outcome, end.ended)
                           : store->release(end.reservation);
    }

    std::optional<Unkept> next_unkept()
    {
        const std::scoped_lock lock{mutex};
        if (!unkept.empty() && !is_over) return unkept.begin()->second;
        is_keeping = false;
        return std::nullopt;
    }

    std::optional<std::string> unkept_outcome(const std::string& request) const
    {
        const std::scoped_lock lock{mutex};
        const auto at = unkept.find(request);
        return at == unkept.end() ? std::nullopt : at->second.outcome;
    }
};

namespace {

// A disk that is full, or a database that somebody holds: the first try comes soon, the next ones
// leave the threads to others.
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{2000};

/// What the book of runs has of the end of a call; none: nothing, or not its result.
std::optional<Result<Answer>> end_in_book(const runs::Runs* book,
                                          const StoredCallKey& stored,
                                          const std::string& principal)
{
    if (!book) return std::nullopt;
    const auto is_own = [&](const runs::RunRecord& run) { return run.owner == principal; };
    const auto run = book->find(RequestId{stored.request}, is_own);
    if (!run) return std::nullopt;
    if (run->error) return fail(*run->error);
    const bool has_ended = run->state == CallOutcome::ok || run->state == CallOutcome::failed;
    if (!has_ended || !run->result) return std::nullopt;
    return Answer{.content = run->result, .failed = run->state == CallOutcome::failed};
}

}  // namespace

IdempotencyKeys::IdempotencyKeys(std::shared_ptr<store::CallKeyStore> store,
                                 boost::asio::thread_pool& blocking,
                                 AgeClock ages,
                                 store::CallKeyBounds bounds,
                                 const runs::Runs* book)
    : state_{std::make_shared<State>(std::move(store), blocking, std::move(ages), bounds, book)}
{
}

IdempotencyKeys::~IdempotencyKeys()
{
    const std::scoped_lock lock{state_->mutex};
    state_->is_over = true;
}

Task<Result<Claim>> IdempotencyKeys::claim(const Invocation& call,
                                           const tools::Tool& tool,
                                           const TargetId& target)
{
    auto& state = *state_;
    auto wanted = reservation_of(call, tool, target, state.ages.now());
    // What does not run any more has written its outcome, unless it was interrupted: what looks
    // interrupted is looked at once more.
    for (bool is_last_look = false;; is_last_look = true) {
        // Before the reservation can be seen: who sees it must find the call running.
        auto hold = std::make_unique<RunningCall>(state.running, wanted.request);
        auto work = [&](std::stop_token) {
            return state.store->reserve(wanted, state.bounds, state.use());
        };
        auto found = co_await run_blocking(state.blocking, std::move(work));
        if (!found) co_return fail(not_kept(std::move(found).error()));
        Claim claim;
        if (!*found) {
            claim.reservation = std::move(wanted);
            claim.hold = std::move(hold);
            co_return std::move(claim);
        }
        hold.reset();
        auto stored = **std::move(found);
        // One that the trail gave back to an older database has none: it may be this call.
        if (!stored.fingerprint.empty() && stored.fingerprint != wanted.fingerprint)
            co_return fail(used_otherwise(wanted, stored));
        if (!stored.outcome) stored.outcome = state.unkept_outcome(stored.request);
        if (!stored.outcome && !state.running->has(stored.request) && is_last_look) {
            // Nor can it be told whether what the book has is of these arguments.
            if (!stored.fingerprint.empty())
                stored.outcome = co_await outcome_in_book(wanted, stored);
            if (!stored.outcome) co_return fail(interrupted(wanted, stored));
        }
        if (stored.outcome) {
            claim.first.emplace(decoded(stored));
            claim.first_request = stored.request;
            co_return std::move(claim);
        }
        if (state.running->has(stored.request)) co_return fail(still_running(wanted, stored));
    }
}

/// Also kept in the store, which outlives the book.
Task<std::optional<std::string>> IdempotencyKeys::outcome_in_book(const CallKeyReservation& wanted,
                                                                  const StoredCallKey& stored) const
{
    const auto state = state_;
    const auto end = end_in_book(state->book, stored, wanted.scope.principal);
    if (!end) co_return std::nullopt;
    auto text = encoded(*end);
    auto first = wanted;
    first.request = stored.request;
    auto work = [&](std::stop_token) {
        return state->store->finish(first, text, state->ages.now());
    };
    // Whether or not that works: the next retry looks again.
    (void)co_await run_blocking(state->blocking, std::move(work));
    co_return text;
}

Task<void> IdempotencyKeys::settle(Claim claim, Result<Answer> outcome)
{
    const auto state = state_;
    const bool can_be_repeated = !outcome && outcome.error().has_nothing_begun();
    Unkept end{.reservation = std::move(claim.reservation),
               .hold = std::move(claim.hold),
               .outcome = std::nullopt,
               .ended = state->ages.now()};
    if (!can_be_repeated) end.outcome = encoded(outcome);
    auto work = [&](std::stop_token) { return state->try_to_keep(end); };
    const auto kept = co_await run_blocking(state->blocking, std::move(work));
    if (kept) co_return;
    log(Event::idempotency_failed, {{"where", can_be_repeated ? "release" : "finish"},
                                    {"request", end.reservation.request},
                                    {"why", kept.error().describe()}});
    if (kept.error().code() == Errc::not_found) co_return;
    const auto home = co_await asio::this_coro::executor;
    {
        const std::scoped_lock lock{state->mutex};
        const auto request = end.reservation.request;
        state->unkept.insert_or_assign(request, std::move(end));
        if (std::exchange(state->is_keeping, true)) co_return;
    }
    asio::co_spawn(home, keep(state), [](std::exception_ptr thrown) {
        if (thrown) log(Event::internal_error, {{"where", "idempotency"}});
    });
}

/// Tries until nothing waits any more.
Task<void> IdempotencyKeys::keep(std::shared_ptr<State> state)
{
    asio::steady_timer timer{co_await asio::this_coro::executor};
    auto pause = first_pause;
    for (;;) {
        timer.expires_after(pause);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto next = state->next_unkept();
        if (!next) co_return;
        auto work = [&](std::stop_token) { return state->try_to_keep(*next); };
        const auto began = std::chrono::steady_clock::now();
        const auto kept = co_await run_blocking(state->blocking, std::move(work));
        if (!kept && kept.error().code() != Errc::not_found) {
            // Who waits for a database that is held keeps others from reading it: so mostly it does
            // not.
            const auto tried_for = std::chrono::ceil<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - began);
            pause = std::max(std::clamp(2 * pause, first_pause, longest_pause), 2 * tried_for);
            continue;
        }
        pause = std::chrono::milliseconds{0};
        const std::scoped_lock lock{state->mutex};
        state->unkept.erase(next->reservation.request);
    }
}

std::size_t IdempotencyKeys::waiting() const
{
    const std::scoped_lock lock{state_->mutex};
    return state_->unkept.size();
}

void IdempotencyKeys::forget_old()
{
    const auto done = state_->store->forget_old(state_->ages.now(), state_->bounds, state_->use());
    if (done) return;
    log(Event::idempotency_failed, {{"where", "forget"}, {"why", done.error().describe()}});
}

}  // namespace tailops::call
