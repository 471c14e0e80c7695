#include "gateway/core/try.hpp"
#include "gateway/store/migrations.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <filesystem>

namespace tailops::store {
namespace {

constexpr std::string_view find_mark =
    "SELECT epoch, number, head_seq, head_mac, written FROM state";

/// The mark in the row that the statement stands at; none at its end.
Result<std::optional<StateMark>> next_mark(Statement& statement)
{
    TAILOPS_TRY(const auto has_row, statement.step());
    if (!has_row) return std::nullopt;
    StateMark mark;
    mark.epoch = statement.bytes(0);
    mark.number = statement.integer(1);
    mark.head_seq = static_cast<std::uint64_t>(statement.integer(2));
    mark.head_mac = statement.bytes(3);
    mark.written = from_column(statement.integer(4));
    return mark;
}

}  // namespace

Result<std::optional<StateMark>> mark_at_rest(const std::string& path)
{
    TAILOPS_TRY(auto database, Database::open_at_rest(path));
    // With a -wal beside it, it need not be whole by itself.
    std::error_code none;
    const auto unwritten = std::filesystem::file_size(path + "-wal", none);
    if (none || unwritten == 0) {
        TAILOPS_CHECK(database.check_pages());
    }
    TAILOPS_CHECK(check_schema(database));
    TAILOPS_TRY(const auto has_marks, has_table(database, "state"));
    if (!has_marks) return std::nullopt;
    TAILOPS_TRY(auto statement, database.prepare(find_mark));
    return next_mark(statement);
}

Status MarkStatements::prepare(Database& database)
{
    TAILOPS_TRY(find, database.prepare(find_mark));
    TAILOPS_TRY(
        set, database.prepare("INSERT INTO state (one, epoch, number, head_seq, head_mac, written)"
                              " VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET"
                              " epoch = excluded.epoch, number = excluded.number,"
                              " head_seq = excluded.head_seq, head_mac = excluded.head_mac,"
                              " written = excluded.written"));
    TAILOPS_TRY(restore_key,
                database.prepare("INSERT INTO call_keys (principal, tool, target, key,"
                                 " fingerprint, request, created) VALUES (?, ?, ?, ?, ?, ?, ?)"
                                 " ON CONFLICT DO NOTHING"));
    TAILOPS_TRY(count, database.prepare("SELECT count FROM changes"));
    TAILOPS_TRY(count_on, database.prepare("UPDATE changes SET count = count + 1 RETURNING count"));
    return {};
}

Result<std::optional<StateMark>> MarkStatements::read()
{
    const Rewind rewind{find};
    return next_mark(find);
}

namespace {

Result<std::int64_t> only_number(Statement& statement)
{
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.step());
    return has_row ? statement.integer(0) : 0;
}

}  // namespace

Result<std::int64_t> MarkStatements::changes()
{
    return only_number(count);
}

Result<std::int64_t> MarkStatements::count_change()
{
    return only_number(count_on);
}

Status SqliteStore::State::check_content()
{
    TAILOPS_CHECK(files.check());
    // What cannot be read now says nothing of whose it is.
    if (own_mark) {
        const auto found = marks.read();
        const bool is_ours = !found || (*found && (*found)->epoch == own_mark->epoch &&
                                        (*found)->number == own_mark->number);
        if (!is_ours) files.note_overwritten();
    }
    if (const auto count = marks.changes()) {
        if (*count < changes_known) files.note_overwritten();
        note_changes(*count);
    }
    return files.check();
}

Result<std::int64_t> SqliteStore::State::count_change()
{
    TAILOPS_TRY(const auto count, marks.count_change());
    if (count > changes_known) return count;
    files.note_overwritten();
    TAILOPS_CHECK(files.check());
    return count;
}

Result<std::optional<StateMark>> SqliteStore::last_mark()
{
    const std::scoped_lock lock{state_->mutex};
    return state_->marks.read();
}

Status SqliteStore::set_mark(const StateMark& mark)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    // Over an older copy it would hide from the next start that it is one.
    auto checked = state_->check_content();
    if (!checked && state_->files.were_overwritten()) return checked;
    TAILOPS_CHECK(state_->marks.set.bind(1, mark.epoch)
                      .bind(2, mark.number)
                      .bind(3, static_cast<std::int64_t>(mark.head_seq))
                      .bind(4, mark.head_mac)
                      .bind(5, to_column(mark.written))
                      .run());
    TAILOPS_CHECK(change.commit());
    state_->own_mark = mark;
    return {};
}

Result<RestoredState> SqliteStore::restore(const ForgottenState& forgotten)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    RestoredState restored;
    for (const auto& [token, when] : forgotten.revocations) {
        TAILOPS_CHECK(state_->tokens.revoke.bind(1, to_column(when)).bind(2, token).run());
        if (state_->database.changes() > 0) ++restored.revocations;
    }
    for (const auto& key : forgotten.keys) {
        TAILOPS_CHECK(state_->marks.restore_key.bind(1, key.scope.principal)
                          .bind(2, key.scope.tool)
                          .bind(3, key.scope.target)
                          .bind(4, key.scope.key)
                          .bind(5, key.fingerprint)
                          .bind(6, key.request)
                          .bind(7, to_column(key.when))
                          .run());
        if (state_->database.changes() > 0) ++restored.keys;
    }
    TAILOPS_CHECK(change.commit());
    if (restored.revocations > 0) ++state_->generation;
    return restored;
}

}  // namespace tailops::store
