#include "gateway/store/sqlite_store.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/migrations.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <algorithm>

namespace tailops::store {
namespace {

using auth::StoredToken;

Result<StoredToken> read_row(const Statement& row)
{
    StoredToken token;
    token.id = row.bytes(0);
    token.subject = row.bytes(1);
    const auto scopes = row.bytes(2);
    for (const auto scope : split(scopes, ' ')) {
        if (!scope.empty()) token.scopes.emplace(scope);
    }
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
    return {};
}

Result<std::shared_ptr<SqliteStore>> SqliteStore::open(Settings settings)
{
    TAILOPS_TRY(auto database, Database::open({.path = std::move(settings.path),
                                               .busy_timeout = settings.busy_timeout}));
    if (auto done = migrate(database); !done) return fail(std::move(done).error());
    auto state = std::make_unique<State>(std::move(database));
    auto& connection = state->database;
    if (auto done = state->tokens.prepare(connection); !done) return fail(std::move(done).error());
    if (auto done = state->tasks.prepare(connection); !done) return fail(std::move(done).error());
    return std::make_shared<SqliteStore>(std::move(state));
}

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_{std::move(state)} {}
SqliteStore::~SqliteStore() = default;

Status SqliteStore::insert(const StoredToken& token)
{
    const std::vector<std::string> scopes{token.scopes.begin(), token.scopes.end()};
    const std::scoped_lock lock{state_->mutex};
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

Status SqliteStore::revoke(const std::string& id, TimePoint when)
{
    const std::scoped_lock lock{state_->mutex};
    auto done = state_->tokens.revoke.bind(1, to_column(when)).bind(2, id).run();
    if (!done) return done;
    if (state_->database.changes() > 0) {
        ++state_->generation;
        return {};
    }
    const Rewind rewind{state_->tokens.exists};
    TAILOPS_TRY(const auto exists, state_->tokens.exists.bind(1, id).step());
    if (!exists) return fail(Errc::not_found, "no token has the id " + quote(id));
    return {};
}

Result<std::int64_t> SqliteStore::generation()
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tokens.data_version;
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.step());
    // It changes when another connection commits, not when ours does.
    const auto version = has_row ? statement.integer(0) : 0;
    if (version != state_->last_data_version) {
        state_->last_data_version = version;
        ++state_->generation;
    }
    return state_->generation;
}

}  // namespace tailops::store
