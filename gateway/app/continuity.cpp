#include "gateway/app/continuity.hpp"

#include "gateway/app/gateway_event.hpp"
#include "gateway/app/token_event_relay.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/async/pause.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace tailops::app {
namespace {

// Longer than all that a gateway keeps of its callers' keys within their retention.
constexpr std::size_t keys_max = 100'000;
constexpr std::string_view mark_prefix = "st_";

std::string mark_id(const std::string& epoch, std::int64_t number)
{
    return std::string{mark_prefix} + epoch + '_' + std::to_string(number);
}

/// A trail that ends with record `head_seq`; `mac`: of the record that the database knows, where
/// the trail has it.
struct TrailEnd {
    std::uint64_t head_seq{0};
    const std::optional<std::string>& mac;
    const std::string& newest_mark;
};

/// What the trail lacks, in one clause.
std::optional<std::string> cut_of(const store::StateMark& known, const TrailEnd& trail)
{
    const auto record = "record " + std::to_string(known.head_seq);
    const auto when = " on " + rfc3339(known.written);
    if (trail.head_seq < known.head_seq || !trail.mac) {
        // Retention removes the oldest, never the newest: what is not there was behind the end.
        const bool is_cut = trail.head_seq < known.head_seq || trail.newest_mark.empty();
        if (!is_cut) return std::nullopt;
        return "the trail had " + record + when +
               " and has it no more: its end was cut off, or another trail was put in its place";
    }
    if (*trail.mac == known.head_mac) return std::nullopt;
    return record + " is not the one that stood there" + when +
           ": another trail was put in the place of that one";
}

/// Whether the call may have had an effect under its key: it was allowed, and began.
bool has_spent_key(const audit::StoredRecord& stored)
{
    const auto& record = stored.record;
    return stored.kind == audit::LineKind::intent && record.outcome.empty() &&
           record.effect == policy::Effect::allow && record.tier > Tier::observe &&
           !record.idempotency_key.empty();
}

store::CallKeyReservation reservation_of(const audit::StoredRecord& stored)
{
    const auto& record = stored.record;
    return {.scope = {.principal = record.subject,
                      .tool = record.tool.str(),
                      .target = record.target.str(),
                      .key = record.idempotency_key},
            .fingerprint = {},
            .request = record.request.str(),
            .when = stored.time};
}

}  // namespace

/// What the trail tells from the database's time on, read from the newest record back.
struct Continuity::Seen {
    std::optional<store::StateMark> known;  // where the database stands
    TimePoint keys_since;
    std::optional<std::string> mac{};   // of the record that the database knows
    std::string newest_mark{};          // behind that record; empty: none
    store::ForgottenState forgotten{};  // newest first
    bool has_all_keys{true};

    void look_at(const audit::Frame& frame)
    {
        if (known && frame.seq == known->head_seq) {
            mac = std::string{frame.mac};
            return;
        }
        const auto heading = audit::read_heading(frame.body);
        const bool is_event = heading.phase == to_string(audit::LineKind::event);
        if (is_event && newest_mark.empty() && heading.request.starts_with(mark_prefix)) {
            newest_mark = heading.request;
        }
        if (is_event && audit::has_text(frame.body, "why", token_revoked)) {
            take_revocation(frame);
        } else if (heading.is_open_intent && audit::has_text(frame.body, "idempotency_key")) {
            take_key(frame);
        }
    }

    void take_revocation(const audit::Frame& frame)
    {
        const auto stored = audit::decode_body(frame.body);
        if (!stored) return;
        const auto told = parse_json(stored->record.parameters);
        const auto token = told ? text_member(*told, "token") : std::string_view{};
        if (!token.empty()) forgotten.revocations.push_back({std::string{token}, stored->time});
    }

    void take_key(const audit::Frame& frame)
    {
        const auto stored = audit::decode_body(frame.body);
        if (!stored || !has_spent_key(*stored) || stored->time < keys_since) return;
        has_all_keys = has_all_keys && forgotten.keys.size() < keys_max;
        if (has_all_keys) forgotten.keys.push_back(reservation_of(*stored));
    }
};

Result<std::optional<std::string>> find_cut(const store::StateMark& known,
                                            std::uint64_t head_seq,
                                            const std::filesystem::path& trail_folder)
{
    Continuity::Seen seen{.known = known, .keys_since = TimePoint::max()};
    if (head_seq > 0) {
        TAILOPS_CHECK(
            audit::read_back(trail_folder, known.head_seq, [&](const audit::Frame& frame) {
                seen.look_at(frame);
                return true;
            }));
    }
    return cut_of(known, {head_seq, seen.mac, seen.newest_mark});
}

Continuity::Continuity(Ends ends) : ends_{std::move(ends)}, epoch_{to_hex(random_bytes(8))} {}

Status Continuity::compare()
{
    if (ends_.trail.lacks_its_past()) {
        find(audit::outcome_alarm,
             "the key of this trail was there before, and no record: a trail before this is gone");
        log(Event::trail_cut_off, {{"why", findings_.back().why}});
    }
    TAILOPS_TRY(const auto known, ends_.marks.last_mark());
    const auto retention = std::max<std::chrono::seconds>(
        ends_.keys_retention, store::CallKeyBounds{}.unfinished_retention_min);
    Seen seen{.known = known, .keys_since = ends_.clock.now() - retention};
    const auto down_to = known ? known->head_seq : 0;
    TAILOPS_CHECK(audit::read_back(ends_.trail_folder, down_to, [&](const audit::Frame& frame) {
        seen.look_at(frame);
        return true;
    }));
    judge(seen);
    // Of a database that is the newer one, a key that is not there was given back on purpose.
    if (!is_rolled_back_) seen.forgotten.keys.clear();
    const auto& forgotten = seen.forgotten;
    if (!is_rolled_back_ && forgotten.revocations.empty()) return {};
    TAILOPS_TRY(const auto restored, ends_.marks.restore(forgotten));
    if (!is_rolled_back_ && restored.revocations == 0) return {};
    auto text = std::to_string(restored.revocations) +
                " token(s) that the trail calls revoked were revoked again, and " +
                std::to_string(restored.keys) +
                " idempotency key(s) that were used since answer outcome_unknown";
    if (!seen.has_all_keys) text += "; there were more keys than can be given back";
    log(Event::database_rolled_back, {{"why", findings_.empty() ? text : findings_.back().why},
                                      {"revoked", std::to_string(restored.revocations)},
                                      {"keys", std::to_string(restored.keys)}});
    find(audit::outcome_notice, std::move(text));
    return {};
}

void Continuity::judge(const Seen& seen)
{
    const auto& known = seen.known;
    if (!known) {
        if (seen.newest_mark.empty()) return;  // both are new, or of an earlier version
        is_rolled_back_ = true;
        find(audit::outcome_notice,
             "the database knows nothing of this trail: it was emptied, or an old one was put in "
             "its place; tokens that were minted since then have ended");
        return;
    }
    auto cut = cut_of(*known, {ends_.trail.head().seq, seen.mac, seen.newest_mark});
    if (cut) {
        log(Event::trail_cut_off, {{"why", *cut}});
        find(audit::outcome_alarm, *std::move(cut));
        return;
    }
    if (seen.newest_mark.empty() || seen.newest_mark == mark_id(known->epoch, known->number)) {
        return;
    }
    is_rolled_back_ = true;
    find(audit::outcome_notice, "the database is of " + rfc3339(known->written) +
                                    ", and the trail goes on after that: "
                                    "an older copy was put in its place; what was minted or kept "
                                    "since then is gone");
}

void Continuity::find(std::string_view outcome, std::string text)
{
    findings_.push_back(gateway_event(std::move(text), outcome));
}

Task<Status> Continuity::record_findings()
{
    while (!findings_.empty()) {
        auto found = findings_.front();
        TAILOPS_CO_CHECK(co_await ends_.trail.append(std::move(found), audit::Durability::durable));
        findings_.erase(findings_.begin());
    }
    co_return Status{};
}

Task<Status> Continuity::mark()
{
    if (*is_marking_) co_return Status{};
    *is_marking_ = true;
    // A coroutine that is never resumed may outlive us.
    const std::shared_ptr<void> done{nullptr, [mine = is_marking_](void*) { *mine = false; }};
    TAILOPS_CO_CHECK(co_await record_findings());
    const auto head = ends_.trail.head();
    if (head.seq == marked_seq_) co_return Status{};
    store::StateMark next;
    next.epoch = epoch_;
    next.number = number_ + 1;
    next.head_seq = head.seq;
    next.head_mac = head.mac;
    next.written = ends_.clock.now();
    auto set = [&marks = ends_.marks, next](std::stop_token) { return marks.set_mark(next); };
    TAILOPS_CO_CHECK(co_await run_blocking(ends_.blocking, std::move(set)));
    auto told = gateway_event("the database is here");
    told.request = RequestId{mark_id(next.epoch, next.number)};
    TAILOPS_CO_CHECK(co_await ends_.trail.append(std::move(told), audit::Durability::durable));
    number_ = next.number;
    marked_seq_ = ends_.trail.head().seq;
    co_return Status{};
}

Task<void> Continuity::mark_or_log()
{
    const auto marked = co_await mark();
    if (!marked && !is_failing_) {
        log(Event::state_mark_failed, {{"why", marked.error().describe()}});
    }
    is_failing_ = !marked;
}

Task<void> Continuity::look_at_files()
{
    if (is_replaced_) co_return;
    auto look = [&marks = ends_.marks](std::stop_token) { return marks.check_files(); };
    const auto checked = co_await run_blocking(ends_.blocking, std::move(look));
    if (checked || is_replaced_) co_return;
    is_replaced_ = true;
    log(Event::database_replaced, {{"why", checked.error().describe()}});
    find(audit::outcome_alarm,
         "the database was replaced while the gateway had it open: gateway tokens are refused, and "
         "what is kept until the next start goes into the file that has the name no more");
    // With a mark behind it: a copy that was put in its place shows at the next start. One that was
    // written into the open database may have the mark before; it is not to have this one.
    co_await mark_or_log();
    if (is_failing_) co_await mark_trail();
}

/// Tells the trail of a mark that the database does not have.
Task<void> Continuity::mark_trail()
{
    auto told = gateway_event("the database that was here is gone");
    told.request = RequestId{mark_id(epoch_, number_ + 1)};
    const auto marked = co_await ends_.trail.append(std::move(told), audit::Durability::durable);
    if (!marked) log(Event::state_mark_failed, {{"why", marked.error().describe()}});
}

Task<void> Continuity::watch_files(std::chrono::milliseconds interval)
{
    for (;;) {
        const bool goes_on = co_await pause_for(interval);
        if (!goes_on) co_return;
        co_await look_at_files();
    }
}

Task<void> Continuity::run(std::chrono::milliseconds interval)
{
    for (;;) {
        const bool goes_on = co_await pause_for(interval);
        if (!goes_on) co_return;
        co_await mark_or_log();
    }
}

}  // namespace tailops::app
