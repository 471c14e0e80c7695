#include "gateway/store/migrations.hpp"

#include "gateway/core/try.hpp"

#include <array>

namespace tailops::store {
namespace {

/// Row N brings version N to N + 1. Rows are history: never change one, add another. Times are
/// microseconds since 1970, UTC.
constexpr std::array steps{
    // 1: gateway tokens
    R"(CREATE TABLE gateway_tokens (
         id TEXT PRIMARY KEY,
         subject TEXT NOT NULL,
         scopes TEXT NOT NULL,         -- separated by spaces
         digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the token's text
         created INTEGER NOT NULL,
         expires INTEGER NOT NULL,
         revoked INTEGER               -- when; NULL: it is not
       ) STRICT)",
    // 2: tasks (gateway/store/tasks.hpp)
    R"(CREATE TABLE tasks (
         id TEXT PRIMARY KEY,
         principal TEXT NOT NULL,
         method_name TEXT NOT NULL,
         arguments TEXT NOT NULL,
         context TEXT NOT NULL,
         run TEXT NOT NULL,
         status TEXT NOT NULL CHECK (status IN
           ('working', 'input_required', 'completed', 'failed', 'cancelled')),
         status_message TEXT NOT NULL,
         created INTEGER NOT NULL,
         updated INTEGER NOT NULL,
         ttl_ms INTEGER,               -- after created; NULL: kept for good
         expires INTEGER,              -- created + ttl
         poll_interval_ms INTEGER NOT NULL,
         input_requests TEXT NOT NULL,
         result TEXT NOT NULL,
         error TEXT NOT NULL
       ) STRICT;
       CREATE INDEX tasks_of_principal ON tasks (principal);
       CREATE INDEX tasks_by_expiry ON tasks (expires) WHERE expires IS NOT NULL)",
    // 3: what befell tokens, until the audit trail has it. AUTOINCREMENT: no number comes twice.
    R"(CREATE TABLE token_events (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         id TEXT NOT NULL UNIQUE,
         kind TEXT NOT NULL,           -- minted, revoked
         happened INTEGER NOT NULL,
         by_user TEXT NOT NULL,
         by_detail TEXT NOT NULL,
         by_program TEXT NOT NULL,
         token TEXT NOT NULL,          -- the rest is a copy: the event outlives the token's row
         subject TEXT NOT NULL,
         scopes TEXT NOT NULL,
         expires INTEGER NOT NULL
       ) STRICT)",
    // 4: idempotency keys (gateway/store/call_keys.hpp)
    R"(CREATE TABLE call_keys (
         principal TEXT NOT NULL,
         tool TEXT NOT NULL,
         target TEXT NOT NULL,
         key TEXT NOT NULL,
         fingerprint TEXT NOT NULL,    -- of the arguments
         request TEXT NOT NULL,
         created INTEGER NOT NULL,
         outcome TEXT,                 -- NULL: reserved
         PRIMARY KEY (principal, tool, target, key)
       ) STRICT;
       CREATE INDEX call_keys_by_age ON call_keys (created))",
    // 5: where the audit trail stood (gateway/store/state_marks.hpp); one row
    R"(CREATE TABLE state (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         epoch TEXT NOT NULL,
         number INTEGER NOT NULL,
         head_seq INTEGER NOT NULL,
         head_mac TEXT NOT NULL,
         written INTEGER NOT NULL
       ) STRICT)",
    // 6: how often keys were reserved and tokens minted or revoked; one row. It never falls: a
    // database in which it did is an older one.
    R"(CREATE TABLE changes (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         count INTEGER NOT NULL
       ) STRICT;
       INSERT INTO changes (one, count) VALUES (1, 0))",
};

Result<std::int64_t> version_of(Database& database)
{
    TAILOPS_TRY(auto read,
                database.prepare("SELECT coalesce(max(version), 0) FROM schema_version"));
    TAILOPS_TRY(const auto has_row, read.step());
    return has_row ? read.integer(0) : 0;
}

Status check_version(std::int64_t version)
{
    const auto newest = static_cast<std::int64_t>(steps.size());
    if (version <= newest) return {};
    return fail(Errc::unavailable, "the gateway's database is of a newer version (schema " +
                                       std::to_string(version) + "); this one knows " +
                                       std::to_string(newest));
}

}  // namespace

Result<bool> has_table(Database& database, std::string_view name)
{
    TAILOPS_TRY(auto read, database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?"));
    return read.bind(1, name).step();
}

Status check_schema(Database& database)
{
    TAILOPS_TRY(const auto is_begun, has_table(database, "schema_version"));
    if (!is_begun) return {};
    TAILOPS_TRY(const auto version, version_of(database));
    return check_version(version);
}

Status migrate(Database& database)
{
    TAILOPS_TRY(auto transaction, Transaction::begin(database));
    auto made = database.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY,"
        " applied TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT");
    if (!made) return made;
    TAILOPS_TRY(const auto version, version_of(database));
    TAILOPS_CHECK(check_version(version));
    const auto newest = static_cast<std::int64_t>(steps.size());
    for (auto next = version; next < newest; ++next) {
        if (auto done = database.execute(steps[static_cast<std::size_t>(next)]); !done) return done;
        auto noted = database.execute("INSERT INTO schema_version (version) VALUES (" +
                                      std::to_string(next + 1) + ")");
        if (!noted) return noted;
    }
    return transaction.commit();
}

}  // namespace tailops::store
