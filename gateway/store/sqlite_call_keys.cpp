#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <algorithm>
#include <vector>

namespace tailops::store {
namespace {

constexpr std::string_view where_scope =
    " WHERE principal = ? AND tool = ? AND target = ? AND key = ?";

/// Binds the four parts from `first` on.
Statement& bind_scope(Statement& statement, int first, const CallKeyScope& scope)
{
    return statement.bind(first, scope.principal)
        .bind(first + 1, scope.tool)
        .bind(first + 2, scope.target)
        .bind(first + 3, scope.key);
}

Result<std::optional<StoredCallKey>> find_key(Statement& statement, const CallKeyScope& scope)
{
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, bind_scope(statement, 1, scope).step());
    if (!has_row) return std::nullopt;
    StoredCallKey stored;
    stored.fingerprint = statement.bytes(0);
    stored.request = statement.bytes(1);
    stored.since = from_column(statement.integer(2));
    if (!statement.is_null(3)) stored.outcome = statement.bytes(3);
    return stored;
}

// A date farther in the future than calls that are under way at once can differ by: a clock wrote
// it that was ahead, before this process began.
constexpr std::chrono::hours future_slack{1};

/// The keys of calls that were interrupted, and are that old. One that still runs stays.
Status forget_unfinished(CallKeyStatements& keys,
                         TimePoint now,
                         std::chrono::seconds retention,
                         const CallKeyUse& use)
{
    std::vector<std::int64_t> going;
    {
        const Rewind rewind{keys.unfinished};
        keys.unfinished.bind(1, to_column(now - retention)).bind(2, to_column(now + future_slack));
        for (;;) {
            TAILOPS_TRY(const auto has_row, keys.unfinished.step());
            if (!has_row) break;
            if (use.is_running && use.is_running(keys.unfinished.bytes(1))) continue;
            going.push_back(keys.unfinished.integer(0));
        }
    }
    for (const auto row : going) {
        TAILOPS_CHECK(keys.drop_one.bind(1, row).run());
    }
    return {};
}

/// Part of a transaction that is open.
Status forget(CallKeyStatements& keys,
              TimePoint now,
              const CallKeyBounds& bounds,
              const CallKeyUse& use)
{
    if (use.watched_for >= bounds.retention) {
        TAILOPS_CHECK(keys.drop_ended.bind(1, to_column(now - bounds.retention))
                          .bind(2, to_column(now + future_slack))
                          .run());
    }
    const auto unfinished = std::max(bounds.retention, bounds.unfinished_retention_min);
    if (use.watched_for < unfinished) return {};
    return forget_unfinished(keys, now, unfinished, use);
}

struct Held {
    std::size_t by_principal{0};
    std::size_t by_all{0};
};

Result<Held> held(Statement& count, const std::string& principal)
{
    const Rewind rewind{count};
    TAILOPS_TRY(const auto has_row, count.bind(1, principal).step());
    if (!has_row) return Held{};
    return Held{.by_principal = static_cast<std::size_t>(count.integer(0)),
                .by_all = static_cast<std::size_t>(count.integer(1))};
}

std::string minutes_of(std::chrono::seconds time)
{
    return std::to_string(std::chrono::ceil<std::chrono::minutes>(time).count()) + " min";
}

/// Who holds most keys.
Result<std::string> heaviest(Statement& statement)
{
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.step());
    return has_row ? statement.bytes(0) : std::string{};
}

/// Leaves room for one more key of `wanted.scope.principal`.
Status make_room(Database& database,
                 CallKeyStatements& keys,
                 const CallKeyReservation& wanted,
                 const CallKeyBounds& bounds)
{
    const auto& principal = wanted.scope.principal;
    TAILOPS_TRY(const auto now, held(keys.count, principal));
    const bool is_own_bound = now.by_principal >= bounds.keys_max_per_principal;
    if (!is_own_bound && now.by_all < bounds.keys_max) return {};
    auto payer = principal;
    if (!is_own_bound) {
        TAILOPS_TRY(payer, heaviest(keys.heaviest));
    }
    TAILOPS_CHECK(keys.drop_oldest.bind(1, payer)
                      .bind(2, to_column(wanted.when - bounds.replaceable_after))
                      .run());
    if (database.changes() > 0) return {};
    const auto soon = "; the oldest makes room " + minutes_of(bounds.replaceable_after) +
                      " after its call has ended; wait, or call without one";
    if (is_own_bound) {
        return fail(Errc::busy, "the gateway keeps " + std::to_string(now.by_principal) +
                                    " idempotency keys of yours, as many as it may" + soon);
    }
    return fail(Errc::busy, "the gateway keeps as many idempotency keys as it may" + soon);
}

}  // namespace

Status CallKeyStatements::prepare(Database& database)
{
    const std::string scope{where_scope};
    const auto reserved = scope + " AND request = ? AND outcome IS NULL";
    TAILOPS_TRY(find, database.prepare(
                          "SELECT fingerprint, request, created, outcome FROM call_keys" + scope));
    TAILOPS_TRY(insert,
                database.prepare("INSERT INTO call_keys (principal, tool, target, key,"
                                 " fingerprint, request, created) VALUES (?, ?, ?, ?, ?, ?, ?)"));
    TAILOPS_TRY(finish,
                database.prepare("UPDATE call_keys SET outcome = ?, created = ?" + reserved));
    TAILOPS_TRY(release, database.prepare("DELETE FROM call_keys" + reserved));
    TAILOPS_TRY(drop_ended, database.prepare("DELETE FROM call_keys WHERE outcome IS NOT NULL"
                                             " AND (created <= ? OR created > ?)"));
    TAILOPS_TRY(unfinished,
                database.prepare("SELECT rowid, request FROM call_keys WHERE outcome IS NULL"
                                 " AND (created <= ? OR created > ?)"));
    TAILOPS_TRY(drop_one, database.prepare("DELETE FROM call_keys WHERE rowid = ?"));
    TAILOPS_TRY(drop_oldest,
                database.prepare("DELETE FROM call_keys WHERE rowid = (SELECT rowid FROM call_keys"
                                 " WHERE principal = ? AND outcome IS NOT NULL AND created <= ?"
                                 " ORDER BY created, rowid LIMIT 1)"));
    TAILOPS_TRY(heaviest, database.prepare("SELECT principal FROM call_keys GROUP BY principal"
                                           " ORDER BY count(*) DESC, principal LIMIT 1"));
    TAILOPS_TRY(count,
                database.prepare("SELECT (SELECT count(*) FROM call_keys WHERE principal = ?),"
                                 " (SELECT count(*) FROM call_keys)"));
    return {};
}

Result<std::optional<StoredCallKey>> SqliteStore::reserve(const CallKeyReservation& wanted,
                                                          const CallKeyBounds& bounds,
                                                          const CallKeyUse& use)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    auto& keys = state_->call_keys;
    TAILOPS_CHECK(forget(keys, wanted.when, bounds, use));
    TAILOPS_TRY(auto found, find_key(keys.find, wanted.scope));
    auto changes = state_->changes_known;
    if (!found) {
        // Of a database that lacks what we know of, the key may be lacking as well.
        TAILOPS_TRY(changes, state_->count_change());
        TAILOPS_CHECK(make_room(state_->database, keys, wanted, bounds));
        TAILOPS_CHECK(bind_scope(keys.insert, 1, wanted.scope)
                          .bind(5, wanted.fingerprint)
                          .bind(6, wanted.request)
                          .bind(7, to_column(wanted.when))
                          .run());
    }
    TAILOPS_CHECK(change.commit());
    state_->note_changes(changes);
    return found;
}

Status SqliteStore::finish(const CallKeyReservation& reserved,
                           const std::string& outcome,
                           TimePoint ended)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    auto& statement = state_->call_keys.finish;
    statement.bind(1, outcome).bind(2, to_column(ended));
    auto done = bind_scope(statement, 3, reserved.scope).bind(7, reserved.request).run();
    if (!done) return done;
    if (state_->database.changes() == 0) {
        return fail(Errc::not_found, "the idempotency key is not reserved by this call");
    }
    return change.commit();
}

Status SqliteStore::release(const CallKeyReservation& reserved)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(
        bind_scope(state_->call_keys.release, 1, reserved.scope).bind(5, reserved.request).run());
    return change.commit();
}

Status SqliteStore::forget_old(TimePoint now, const CallKeyBounds& bounds, const CallKeyUse& use)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(forget(state_->call_keys, now, bounds, use));
    return change.commit();
}

}  // namespace tailops::store
