#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <algorithm>

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
    stored.created = from_column(statement.integer(2));
    if (!statement.is_null(3)) stored.outcome = statement.bytes(3);
    return stored;
}

Status forget(Statement& statement, TimePoint now, const CallKeyBounds& bounds)
{
    const auto unfinished = std::max(bounds.retention, bounds.unfinished_retention_min);
    return statement.bind(1, to_column(now - bounds.retention))
        .bind(2, to_column(now - unfinished))
        .run();
}

Status check_room(Statement& count, const std::string& principal, const CallKeyBounds& bounds)
{
    const Rewind rewind{count};
    TAILOPS_TRY(const auto has_row, count.bind(1, principal).step());
    const auto of_principal = has_row ? static_cast<std::size_t>(count.integer(0)) : 0;
    const auto total = has_row ? static_cast<std::size_t>(count.integer(1)) : 0;
    if (of_principal >= bounds.keys_max_per_principal) {
        return fail(Errc::busy, "the gateway keeps " + std::to_string(of_principal) +
                                    " idempotency keys of yours, as many as it may; wait until the "
                                    "oldest expires, or call without one");
    }
    if (total >= bounds.keys_max) {
        return fail(Errc::busy,
                    "the gateway keeps as many idempotency keys as it may; wait until the oldest "
                    "expires, or call without one");
    }
    return {};
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
    TAILOPS_TRY(finish, database.prepare("UPDATE call_keys SET outcome = ?" + reserved));
    TAILOPS_TRY(release, database.prepare("DELETE FROM call_keys" + reserved));
    TAILOPS_TRY(drop_expired, database.prepare("DELETE FROM call_keys WHERE created <= ?"
                                               " AND (outcome IS NOT NULL OR created <= ?)"));
    TAILOPS_TRY(count,
                database.prepare("SELECT (SELECT count(*) FROM call_keys WHERE principal = ?),"
                                 " (SELECT count(*) FROM call_keys)"));
    return {};
}

Result<std::optional<StoredCallKey>> SqliteStore::reserve(const CallKeyReservation& wanted,
                                                          const CallKeyBounds& bounds)
{
    const std::scoped_lock lock{state_->mutex};
    auto& keys = state_->call_keys;
    TAILOPS_TRY(auto transaction, Transaction::begin(state_->database));
    if (auto done = forget(keys.drop_expired, wanted.when, bounds); !done) {
        return fail(done.error());
    }
    TAILOPS_TRY(auto found, find_key(keys.find, wanted.scope));
    if (!found) {
        if (auto room = check_room(keys.count, wanted.scope.principal, bounds); !room) {
            return fail(room.error());
        }
        auto done = bind_scope(keys.insert, 1, wanted.scope)
                        .bind(5, wanted.fingerprint)
                        .bind(6, wanted.request)
                        .bind(7, to_column(wanted.when))
                        .run();
        if (!done) return fail(done.error());
    }
    if (auto done = transaction.commit(); !done) return fail(done.error());
    return found;
}

Status SqliteStore::finish(const CallKeyReservation& reserved, const std::string& outcome)
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->call_keys.finish;
    statement.bind(1, outcome);
    auto done = bind_scope(statement, 2, reserved.scope).bind(6, reserved.request).run();
    if (!done) return done;
    if (state_->database.changes() == 0) {
        return fail(Errc::not_found, "the idempotency key is not reserved by this call");
    }
    return {};
}

Status SqliteStore::release(const CallKeyReservation& reserved)
{
    const std::scoped_lock lock{state_->mutex};
    return bind_scope(state_->call_keys.release, 1, reserved.scope).bind(5, reserved.request).run();
}

Status SqliteStore::forget_old(TimePoint now, const CallKeyBounds& bounds)
{
    const std::scoped_lock lock{state_->mutex};
    return forget(state_->call_keys.drop_expired, now, bounds);
}

}  // namespace tailops::store
