#include "gateway/store/sqlite_store.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/migrations.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <algorithm>
#include <thread>

namespace tailops::store {
namespace {

using auth::StoredToken;
using auth::TokenActor;
using auth::TokenEvent;

std::set<std::string> scopes_of(const std::string& column)
{
    std::set<std::string> scopes;
    for (const auto scope : split(column, ' ')) {
        if (!scope.empty()) scopes.emplace(scope);
    }
    return scopes;
}

std::string_view to_string(TokenEvent::Kind kind)
{
    return kind == TokenEvent::Kind::minted ? "minted" : "revoked";
}

Result<StoredToken> read_row(const Statement& row)
{
    StoredToken token;
    token.id = row.bytes(0);
    token.subject = row.bytes(1);
    token.scopes = scopes_of(row.bytes(2));
    const auto digest = row.bytes(3);
    if (digest.size() != token.digest.size()) {
        return fail(Error{Errc::internal, "the gateway's database is damaged"}.with_detail(
            "token " + quote(token.id) + " has no SHA-256 digest"));
    }
    std::ranges::copy(digest, token.digest.begin());
    token.created = from_column(row.integer(4));
    token.expires = from_column(row.integer(5));
    if (!row.is_null(6)) token.revoked = from_column(row.integer(6));
    return token;
}

TokenEvent read_event(const Statement& row)
{
    TokenEvent event;
    event.number = row.integer(0);
    event.id = row.bytes(1);
    event.kind = row.bytes(2) == to_string(TokenEvent::Kind::minted) ? TokenEvent::Kind::minted
                                                                     : TokenEvent::Kind::revoked;
    event.when = from_column(row.integer(3));
    event.by = {.user = row.bytes(4), .detail = row.bytes(5), .program = row.bytes(6)};
    event.token = row.bytes(7);
    event.subject = row.bytes(8);
    event.scopes = scopes_of(row.bytes(9));
    event.expires = from_column(row.integer(10));
    return event;
}

}  // namespace

Status TokenStatements::prepare(Database& database)
{
    TAILOPS_TRY(insert,
                database.prepare("INSERT INTO gateway_tokens (id, subject, scopes, digest, created,"
                                 " expires, revoked) VALUES (?, ?, ?, ?, ?, ?, ?)"
                                 " ON CONFLICT DO NOTHING"));
    TAILOPS_TRY(list,
                database.prepare("SELECT id, subject, scopes, digest, created, expires, revoked"
                                 " FROM gateway_tokens ORDER BY created, rowid"));
    TAILOPS_TRY(exists, database.prepare("SELECT 1 FROM gateway_tokens WHERE id = ?"));
    TAILOPS_TRY(revoke, database.prepare("UPDATE gateway_tokens SET revoked = ?"
                                         " WHERE id = ? AND revoked IS NULL"));
    TAILOPS_TRY(data_version, database.prepare("PRAGMA data_version"));
    TAILOPS_TRY(note_event,
                database.prepare("INSERT INTO token_events (id, kind, happened, by_user, by_detail,"
                                 " by_program, token, subject, scopes, expires)"
                                 " SELECT ?, ?, ?, ?, ?, ?, id, subject, scopes, expires"
                                 " FROM gateway_tokens WHERE id = ?"));
    TAILOPS_TRY(events, database.prepare("SELECT number, id, kind, happened, by_user, by_detail,"
                                         " by_program, token, subject, scopes, expires"
                                         " FROM token_events ORDER BY number LIMIT ?"));
    TAILOPS_TRY(forget, database.prepare("DELETE FROM token_events WHERE number <= ?"));
    TAILOPS_TRY(purge,
                database.prepare("DELETE FROM gateway_tokens"
                                 " WHERE revoked <= ?1 OR (revoked IS NULL AND expires <= ?1)"));
    TAILOPS_TRY(purge_revoked, database.prepare("DELETE FROM gateway_tokens"
                                                " WHERE subject = ? AND revoked IS NOT NULL"));
    return {};
}

Status TokenStatements::note(TokenEvent::Kind kind,
                             const std::string& token,
                             TimePoint when,
                             const TokenActor& by)
{
    return note_event.bind(1, "te_" + to_hex(random_bytes(8)))
        .bind(2, to_string(kind))
        .bind(3, to_column(when))
        .bind(4, by.user)
        .bind(5, by.detail)
        .bind(6, by.program)
        .bind(7, token)
        .run();
}

Result<std::shared_ptr<SqliteStore>> SqliteStore::open(Settings settings)
{
    TAILOPS_TRY(auto database,
                Database::open({.path = settings.path, .busy_timeout = settings.busy_timeout}));
    TAILOPS_CHECK(database.check_pages());
    if (auto done = migrate(database); !done) return fail(std::move(done).error());
    auto state = std::make_unique<State>(std::move(database), settings.path);
    auto& connection = state->database;
    if (auto done = state->tokens.prepare(connection); !done) return fail(std::move(done).error());
    if (auto done = state->tasks.prepare(connection); !done) return fail(std::move(done).error());
    if (auto done = state->call_keys.prepare(connection); !done) {
        return fail(std::move(done).error());
    }
    TAILOPS_CHECK(state->marks.prepare(connection));
    return std::make_shared<SqliteStore>(std::move(state));
}

Result<Change> SqliteStore::State::begin_change()
{
    using std::chrono::steady_clock;
    constexpr std::chrono::milliseconds pause_max{50};
    std::unique_lock turn{writers};
    const auto give_up = steady_clock::now() + database.busy_timeout();
    for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, pause_max)) {
        std::unique_lock connection{mutex};
        auto begun = Transaction::begin_at_once(database);
        if (begun) return Change{std::move(turn), std::move(connection), *std::move(begun)};
        if (begun.error().code() != Errc::busy || steady_clock::now() >= give_up) {
            return fail(std::move(begun).error());
        }
        connection.unlock();
        std::this_thread::sleep_for(pause);
    }
}

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_{std::move(state)} {}
SqliteStore::~SqliteStore() = default;

Status SqliteStore::insert(const StoredToken& token, const TokenActor& by)
{
    const std::vector<std::string> scopes{token.scopes.begin(), token.scopes.end()};
    TAILOPS_TRY(auto change, state_->begin_change());
    auto& statement = state_->tokens.insert;
    statement.bind(1, token.id)
        .bind(2, token.subject)
        .bind(3, join(scopes, " "))
        .bind_blob(4, bytes_of(token.digest))
        .bind(5, to_column(token.created))
        .bind(6, to_column(token.expires));
    if (token.revoked) {
        statement.bind(7, to_column(*token.revoked));
    } else {
        statement.bind_null(7);
    }
    if (auto done = statement.run(); !done) return done;
    if (state_->database.changes() == 0) {
        return fail(Errc::invalid_argument, "token " + quote(token.id) + " is there already");
    }
    TAILOPS_CHECK(state_->tokens.note(TokenEvent::Kind::minted, token.id, token.created, by));
    TAILOPS_TRY(const auto changes, state_->count_change());
    TAILOPS_CHECK(change.commit());
    state_->note_changes(changes);
    ++state_->generation;
    return {};
}

Result<std::vector<StoredToken>> SqliteStore::list()
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tokens.list;
    const Rewind rewind{statement};
    std::vector<StoredToken> tokens;
    for (;;) {
        TAILOPS_TRY(const auto has_row, statement.step());
        if (!has_row) return tokens;
        TAILOPS_TRY(auto token, read_row(statement));
        tokens.push_back(std::move(token));
    }
}

Status SqliteStore::revoke(const std::string& id, TimePoint when, const TokenActor& by)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    auto done = state_->tokens.revoke.bind(1, to_column(when)).bind(2, id).run();
    if (!done) return done;
    if (state_->database.changes() > 0) {
        TAILOPS_CHECK(state_->tokens.note(TokenEvent::Kind::revoked, id, when, by));
        TAILOPS_TRY(const auto changes, state_->count_change());
        TAILOPS_CHECK(change.commit());
        state_->note_changes(changes);
        ++state_->generation;
        return {};
    }
    const Rewind rewind{state_->tokens.exists};
    TAILOPS_TRY(const auto exists, state_->tokens.exists.bind(1, id).step());
    if (!exists) return fail(Errc::not_found, "no token has the id " + quote(id));
    return {};
}

Status SqliteStore::check_files()
{
    // Whoever waits for a database that another process holds is not waited for: the next look will
    // do.
    const std::unique_lock lock{state_->mutex, std::try_to_lock};
    return lock ? state_->check_content() : state_->files.check();
}

bool SqliteStore::is_replaced() const noexcept
{
    return state_->files.were_replaced();
}

std::optional<FileIdentity> SqliteStore::file() const
{
    return state_->files.database();
}

Result<std::int64_t> SqliteStore::generation()
{
    // What `tailops token` changes would be in the file that has the name now.
    TAILOPS_CHECK(state_->files.check());
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tokens.data_version;
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.step());
    // It changes when another connection commits, not when ours does.
    const auto version = has_row ? statement.integer(0) : 0;
    if (version != state_->last_data_version) {
        TAILOPS_CHECK(state_->check_content());
        state_->last_data_version = version;
        ++state_->generation;
    }
    return state_->generation;
}

Status SqliteStore::purge_tokens(TimePoint before)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(state_->tokens.purge.bind(1, to_column(before)).run());
    const bool has_changed = state_->database.changes() > 0;
    TAILOPS_CHECK(change.commit());
    if (has_changed) ++state_->generation;
    return {};
}

Status SqliteStore::purge_revoked_tokens(const std::string& subject)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(state_->tokens.purge_revoked.bind(1, subject).run());
    const bool has_changed = state_->database.changes() > 0;
    TAILOPS_CHECK(change.commit());
    if (has_changed) ++state_->generation;
    return {};
}

Result<std::vector<TokenEvent>> SqliteStore::pending_events(std::size_t events_max)
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tokens.events;
    const Rewind rewind{statement};
    statement.bind(1, static_cast<std::int64_t>(events_max));
    std::vector<TokenEvent> events;
    for (;;) {
        TAILOPS_TRY(const auto has_row, statement.step());
        if (!has_row) return events;
        events.push_back(read_event(statement));
    }
}

Status SqliteStore::forget_events(std::int64_t number)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(state_->tokens.forget.bind(1, number).run());
    return change.commit();
}

}  // namespace tailops::store
