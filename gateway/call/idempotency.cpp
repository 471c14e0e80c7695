#include "gateway/call/idempotency.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

namespace tailops::call {
namespace {

using nlohmann::json;
using store::CallKeyReservation;
using store::StoredCallKey;

// The output limit's default: what is larger is kept without its large parts.
constexpr std::size_t outcome_bytes_max = 64 * 1024;
// 64 bits: enough to tell two values of one argument apart.
constexpr std::size_t digest_digits = 16;
// Numbers, flags and texts of this size stay of an outcome that is too large.
constexpr std::size_t small_text_bytes = 1024;

/// A digest of each argument but the key, so that a difference can be named. nlohmann::json sorts
/// by name: equal values have equal texts.
json fingerprint_of(const json& arguments)
{
    auto digests = json::object();
    for (const auto& [name, value] : arguments.items()) {
        if (name == tools::idempotency_key_argument) continue;
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

bool is_small(const json& member)
{
    if (member.is_string()) return member.get_ref<const std::string&>().size() <= small_text_bytes;
    return member.is_primitive();
}

/// What of `content` is kept: all of it when there is room.
json kept_of(const json& content)
{
    if (dump_json(content).size() <= outcome_bytes_max) return content;
    auto kept = json::object();
    auto omitted = json::array();
    for (const auto& [name, member] : content.items()) {
        if (is_small(member) && kept.size() < 64) {
            kept.emplace(name, member);
        } else if (omitted.size() < 64) {
            omitted.push_back(name);
        }
    }
    kept["omitted"] = std::move(omitted);
    return kept;
}

std::string encoded(const Result<Answer>& outcome)
{
    if (outcome) {
        return dump_json({{"content", kept_of(*outcome->content)}, {"failed", outcome->failed}});
    }
    return dump_json({{"error", to_string(outcome.error().code())},
                      {"message", outcome.error().public_message()}});
}

std::unexpected<Error> damaged(const std::string& request)
{
    return fail(Error{Errc::internal,
                      "the stored outcome of request " + quote(request) + " cannot be read"});
}

/// The outcome as the caller gets it again.
Result<Answer> decoded(const StoredCallKey& stored)
{
    const auto text = parse_json(*stored.outcome);
    if (!text) return damaged(stored.request);
    if (const auto word = text_member(*text, "error"); !word.empty()) {
        const auto code = find_errc(word);
        if (!code) return damaged(stored.request);
        return fail(Error{*code, std::string{text_member(*text, "message")} +
                                     " (replayed: this is what request " + quote(stored.request) +
                                     " came to)"});
    }
    const auto* content = find_member(*text, "content");
    const auto failed = field<bool>(*text, "failed");
    if (!content || !content->is_object() || !failed) return damaged(stored.request);
    auto shown = *content;
    shown["replayed"] = true;
    shown["first_request"] = stored.request;
    return Answer{.content = std::make_shared<const json>(std::move(shown)),
                  .failed = *failed,
                  .replayed_from = stored.request};
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

CallKeyReservation reservation_of(const Invocation& call, const TargetId& target, TimePoint now)
{
    CallKeyReservation wanted;
    wanted.scope = {.principal = call.principal.identity.key(),
                    .tool = call.tool,
                    .target = target.str(),
                    .key = std::string{idempotency_key_of(call)}};
    wanted.fingerprint = dump_json(fingerprint_of(*call.arguments));
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

IdempotencyKeys::IdempotencyKeys(std::shared_ptr<store::CallKeyStore> store,
                                 boost::asio::thread_pool& blocking,
                                 const Clock& clock,
                                 store::CallKeyBounds bounds)
    : store_{std::move(store)},
      blocking_{blocking},
      clock_{clock},
      bounds_{bounds}
{
}

Task<Result<Claim>> IdempotencyKeys::claim(const Invocation& call, const TargetId& target)
{
    auto wanted = reservation_of(call, target, clock_.now());
    // What does not run any more has written its outcome, unless it was interrupted: what looks
    // interrupted is looked at once more.
    for (bool is_last_look = false;; is_last_look = true) {
        // Before the reservation can be seen: who sees it must find the call running.
        auto hold = std::make_unique<RunningCall>(running_, wanted.request);
        auto work = [&](std::stop_token) { return store_->reserve(wanted, bounds_); };
        auto found = co_await run_blocking(blocking_, std::move(work));
        if (!found) co_return fail(not_kept(std::move(found).error()));
        Claim claim;
        if (!*found) {
            claim.reservation = std::move(wanted);
            claim.hold = std::move(hold);
            co_return std::move(claim);
        }
        hold.reset();
        const auto& stored = **found;
        // One that the trail gave back to an older database has none: it may be this call.
        if (!stored.fingerprint.empty() && stored.fingerprint != wanted.fingerprint)
            co_return fail(used_otherwise(wanted, stored));
        if (stored.outcome) {
            claim.first.emplace(decoded(stored));
            claim.first_request = stored.request;
            co_return std::move(claim);
        }
        if (running_->has(stored.request)) co_return fail(still_running(wanted, stored));
        if (is_last_look) co_return fail(interrupted(wanted, stored));
    }
}

Task<void> IdempotencyKeys::settle(const Claim& claim, const Result<Answer>& outcome)
{
    const bool can_be_repeated = !outcome && outcome.error().has_nothing_begun();
    const auto text = can_be_repeated ? std::string{} : encoded(outcome);
    auto work = [&](std::stop_token) {
        return can_be_repeated ? store_->release(claim.reservation)
                               : store_->finish(claim.reservation, text);
    };
    const auto kept = co_await run_blocking(blocking_, std::move(work));
    if (kept) co_return;
    log(Event::idempotency_failed, {{"where", can_be_repeated ? "release" : "finish"},
                                    {"request", claim.reservation.request},
                                    {"why", kept.error().describe()}});
}

void IdempotencyKeys::forget_old()
{
    const auto done = store_->forget_old(clock_.now(), bounds_);
    if (done) return;
    log(Event::idempotency_failed, {{"where", "forget"}, {"why", done.error().describe()}});
}

}  // namespace tailops::call
