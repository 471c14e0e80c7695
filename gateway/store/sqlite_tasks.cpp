#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_state.hpp"

#include <algorithm>
#include <array>

namespace tailops::store {
namespace {

using TaskStatus = StoredTask::Status;
using std::chrono::milliseconds;

constexpr std::array statuses{TaskStatus::working, TaskStatus::input_required,
                              TaskStatus::completed, TaskStatus::failed, TaskStatus::cancelled};

// As read_row() counts them.
constexpr std::string_view select =
    "SELECT id, principal, method_name, arguments, context, run, status, status_message, created,"
    " updated, ttl_ms, poll_interval_ms, input_requests, result, error, expires FROM tasks";

// 31 years: a sum of it and of a date fits into a column. What is kept for longer is kept that
// long.
constexpr std::int64_t ttl_ms_max = 1'000'000'000'000;

void bind_ttl(Statement& statement, int first, const StoredTask& task)
{
    if (task.ttl) {
        statement.bind(first, task.ttl->count());
    } else {
        statement.bind_null(first);
    }
    if (task.expires) {
        statement.bind(first + 1, to_column(*task.expires));
    } else {
        statement.bind_null(first + 1);
    }
}

Result<StoredTask> read_row(const Statement& row)
{
    StoredTask task;
    task.id = row.bytes(0);
    task.principal = row.bytes(1);
    task.method_name = row.bytes(2);
    task.arguments = row.bytes(3);
    task.context = row.bytes(4);
    task.run = row.bytes(5);
    const auto word = row.bytes(6);
    const auto status = std::ranges::find(statuses, word, [](auto one) { return to_string(one); });
    if (status == statuses.end()) {
        return fail(Error{Errc::internal, "the gateway's database is damaged"}.with_detail(
            "a task has the status " + quote(word)));
    }
    task.status = *status;
    task.status_message = row.bytes(7);
    task.created = from_column(row.integer(8));
    task.updated = from_column(row.integer(9));
    if (!row.is_null(10)) task.ttl = milliseconds{row.integer(10)};
    task.poll_interval = milliseconds{row.integer(11)};
    task.input_requests = row.bytes(12);
    task.result = row.bytes(13);
    task.error = row.bytes(14);
    if (!row.is_null(15)) task.expires = from_column(row.integer(15));
    return task;
}

std::string select_where(std::string_view condition)
{
    // Appended, not added: GCC 12 sees an overrun in operator+ at -O2 that is none (PR 105651).
    std::string statement{select};
    statement += " WHERE ";
    statement += condition;
    return statement;
}

Result<TaskCount> counted(Statement& statement, const std::string& principal)
{
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.bind(1, principal).step());
    if (!has_row) return TaskCount{};
    return TaskCount{.of_principal = static_cast<std::size_t>(statement.integer(0)),
                     .total = static_cast<std::size_t>(statement.integer(1))};
}

Status check(const TaskCount& count, const TaskBounds& bounds)
{
    if (count.of_principal >= bounds.tasks_max_per_principal) {
        return fail(Errc::busy, "you have " + std::to_string(count.of_principal) +
                                    " tasks, as many as one may have; wait until one expires");
    }
    if (count.total >= bounds.tasks_max) {
        return fail(Errc::busy, "the gateway keeps as many tasks as it may; try again later");
    }
    return {};
}

/// `expected` null: whatever status that is not final.
Status run_update(Statement& statement, const StoredTask& task, const TaskStatus* expected)
{
    statement.bind(1, task.context)
        .bind(2, task.run)
        .bind(3, to_string(task.status))
        .bind(4, task.status_message)
        .bind(5, to_column(task.updated));
    bind_ttl(statement, 6, task);
    statement.bind(8, task.poll_interval.count())
        .bind(9, task.input_requests)
        .bind(10, task.result)
        .bind(11, task.error)
        .bind(12, task.id)
        .bind(13, task.principal);
    if (expected) {
        statement.bind(14, to_string(*expected));
    } else {
        statement.bind_null(14);
    }
    return statement.run();
}

Status run_drop(Statement& statement, TimePoint now)
{
    // An hour: calls that are under way at once may be dated in another order.
    constexpr std::chrono::microseconds future_slack{std::chrono::hours{1}};
    return statement.bind(1, to_column(now))
        .bind(2, ttl_ms_max)
        .bind(3, future_slack.count())
        .run();
}

}  // namespace

std::string_view to_string(TaskStatus status) noexcept
{
    switch (status) {
    case TaskStatus::working: return "working";
    case TaskStatus::input_required: return "input_required";
    case TaskStatus::completed: return "completed";
    case TaskStatus::failed: return "failed";
    case TaskStatus::cancelled: return "cancelled";
    }
    return "failed";
}

Status TaskStatements::prepare(Database& database)
{
    TAILOPS_TRY(insert, database.prepare(
                            "INSERT INTO tasks (id, principal, method_name, arguments, context,"
                            " run, status, status_message, created, updated, ttl_ms, expires,"
                            " poll_interval_ms, input_requests, result, error)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                            " ON CONFLICT DO NOTHING"));
    TAILOPS_TRY(find, database.prepare(select_where("id = ? AND principal = ?")));
    TAILOPS_TRY(update,
                database.prepare("UPDATE tasks SET context = ?, run = ?, status = ?,"
                                 " status_message = ?, updated = ?, ttl_ms = ?, expires = ?,"
                                 " poll_interval_ms = ?, input_requests = ?, result = ?, error = ?"
                                 " WHERE id = ? AND principal = ?"
                                 " AND status IN ('working', 'input_required')"
                                 " AND status = coalesce(?, status)"));
    TAILOPS_TRY(unfinished,
                database.prepare(select_where(
                    "status IN ('working', 'input_required') ORDER BY created, rowid")));
    TAILOPS_TRY(
        fail_working,
        database.prepare("UPDATE tasks SET status = 'failed', updated = ?1,"
                         " status_message = ?2 || iif(run = '', '', ' (run ' || run || ')'),"
                         " error = json_object('code', -32603, 'message',"
                         "   ?2 || iif(run = '', '', ' (run ' || run || ')')),"
                         " expires = ?1 + min(ttl_ms, ?3) * 1000"
                         " WHERE status = 'working'"));
    TAILOPS_TRY(drop_expired,
                database.prepare("DELETE FROM tasks WHERE status <> 'working' AND (expires <= ?1"
                                 " OR expires > ?1 + min(ttl_ms, ?2) * 1000 + ?3)"));
    TAILOPS_TRY(count, database.prepare("SELECT (SELECT count(*) FROM tasks WHERE principal = ?),"
                                        " (SELECT count(*) FROM tasks)"));
    return {};
}

Status SqliteStore::insert(const StoredTask& task, const TaskBounds& bounds)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    auto& tasks = state_->tasks;
    if (bounds.now) {
        TAILOPS_CHECK(run_drop(tasks.drop_expired, *bounds.now));
    }
    TAILOPS_TRY(const auto count, counted(tasks.count, task.principal));
    if (auto fits = check(count, bounds); !fits) return fits;
    auto& statement = tasks.insert;
    statement.bind(1, task.id)
        .bind(2, task.principal)
        .bind(3, task.method_name)
        .bind(4, task.arguments)
        .bind(5, task.context)
        .bind(6, task.run)
        .bind(7, to_string(task.status))
        .bind(8, task.status_message)
        .bind(9, to_column(task.created))
        .bind(10, to_column(task.updated));
    bind_ttl(statement, 11, task);
    statement.bind(13, task.poll_interval.count())
        .bind(14, task.input_requests)
        .bind(15, task.result)
        .bind(16, task.error);
    if (auto done = statement.run(); !done) return done;
    if (state_->database.changes() == 0) {
        return fail(Errc::invalid_argument, "there is a task of this id already");
    }
    return change.commit();
}

Result<std::optional<StoredTask>> SqliteStore::find(const std::string& id,
                                                    const std::string& principal)
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tasks.find;
    const Rewind rewind{statement};
    TAILOPS_TRY(const auto has_row, statement.bind(1, id).bind(2, principal).step());
    if (!has_row) return std::nullopt;
    return read_row(statement);
}

Result<bool> SqliteStore::update(const StoredTask& task)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(run_update(state_->tasks.update, task, nullptr));
    const bool has_changed = state_->database.changes() > 0;
    TAILOPS_CHECK(change.commit());
    return has_changed;
}

Result<bool> SqliteStore::update_if(const StoredTask& task, TaskStatus expected)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(run_update(state_->tasks.update, task, &expected));
    const bool has_changed = state_->database.changes() > 0;
    TAILOPS_CHECK(change.commit());
    return has_changed;
}

Result<std::vector<StoredTask>> SqliteStore::list_unfinished()
{
    const std::scoped_lock lock{state_->mutex};
    auto& statement = state_->tasks.unfinished;
    const Rewind rewind{statement};
    std::vector<StoredTask> tasks;
    for (;;) {
        TAILOPS_TRY(const auto has_row, statement.step());
        if (!has_row) return tasks;
        TAILOPS_TRY(auto task, read_row(statement));
        tasks.push_back(std::move(task));
    }
}

Result<std::size_t> SqliteStore::fail_working(TimePoint now, const std::string& message)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(state_->tasks.fail_working.bind(1, to_column(now))
                      .bind(2, message)
                      .bind(3, ttl_ms_max)
                      .run());
    const auto failed = static_cast<std::size_t>(state_->database.changes());
    TAILOPS_CHECK(change.commit());
    return failed;
}

Result<std::size_t> SqliteStore::drop_expired(TimePoint now)
{
    TAILOPS_TRY(auto change, state_->begin_change());
    TAILOPS_CHECK(run_drop(state_->tasks.drop_expired, now));
    const auto dropped = static_cast<std::size_t>(state_->database.changes());
    TAILOPS_CHECK(change.commit());
    return dropped;
}

Result<TaskCount> SqliteStore::count(const std::string& principal)
{
    const std::scoped_lock lock{state_->mutex};
    return counted(state_->tasks.count, principal);
}

}  // namespace tailops::store
