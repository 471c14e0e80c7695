#pragma once

#include "gateway/store/held_files.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <algorithm>
#include <mutex>
#include <string_view>

/// What the parts of SqliteStore share. For the .cpp files of this folder only.
namespace tailops::store {

/// Columns hold microseconds since 1970, UTC.
inline std::int64_t to_column(TimePoint time)
{
    using std::chrono::microseconds;
    return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

inline TimePoint from_column(std::int64_t value)
{
    return TimePoint{std::chrono::microseconds{value}};
}

inline std::string_view bytes_of(const Sha256& digest)
{
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Leaves a statement ready for the next time, whatever way the scope is left.
class Rewind {
public:
    explicit Rewind(Statement& statement) : statement_{statement} {}
    Rewind(const Rewind&) = delete;
    Rewind& operator=(const Rewind&) = delete;
    ~Rewind() { statement_.reset(); }

private:
    Statement& statement_;
};

struct TokenStatements {
    Statement insert;
    Statement list;
    Statement exists;
    Statement revoke;
    Statement data_version;
    Statement note_event;
    Statement events;
    Statement forget;
    Statement purge;
    Statement purge_revoked;

    Status prepare(Database& database);
    /// Part of the transaction that is open; the token is in its table.
    Status note(auth::TokenEvent::Kind kind,
                const std::string& token,
                TimePoint when,
                const auth::TokenActor& by);
};

struct TaskStatements {
    Statement insert;
    Statement find;
    Statement update;
    Statement unfinished;
    Statement fail_working;
    Statement drop_expired;
    Statement count;

    Status prepare(Database& database);
};

struct CallKeyStatements {
    Statement find;
    Statement insert;
    Statement finish;
    Statement release;
    Statement drop_ended;
    Statement unfinished;
    Statement drop_one;
    Statement drop_oldest;
    Statement heaviest;
    Statement count;

    Status prepare(Database& database);
};

struct MarkStatements {
    Statement find;
    Statement set;
    Statement restore_key;
    Statement count;
    Statement count_on;

    Status prepare(Database& database);
    /// The mark that is there now; none in a database that is new.
    Result<std::optional<StateMark>> read();
    /// The number of changes, read or increased by one.
    Result<std::int64_t> changes();
    Result<std::int64_t> count_change();
};

/// A change of the database: the connection, and a transaction that ends with it.
class Change {
public:
    Change(std::unique_lock<std::mutex> turn,
           std::unique_lock<std::mutex> connection,
           Transaction transaction)
        : turn_{std::move(turn)},
          connection_{std::move(connection)},
          transaction_{std::move(transaction)}
    {
    }
    Status commit() { return transaction_.commit(); }

private:
    std::unique_lock<std::mutex> turn_;
    std::unique_lock<std::mutex> connection_;
    Transaction transaction_;  // last: it ends before the connection is let go
};

struct SqliteStore::State {
    State(Database opened, const std::string& path) : files{path}, database{std::move(opened)} {}

    /// Waits its turn, at most for the busy timeout while another process writes. It does not keep
    /// the connection meanwhile: whoever reads goes on. Errors: busy, internal.
    Result<Change> begin_change();

    /// Whether the database is the one that was opened, and has the mark that we left and all
    /// changes that we know of: not if another was written into the same file. Errors: unavailable,
    /// and no other.
    Status check_content();
    /// Counts a change of the open transaction, which note_changes() is told of once it is
    /// committed. Errors: unavailable (changes that we know of are gone), busy, internal.
    Result<std::int64_t> count_change();
    void note_changes(std::int64_t count) { changes_known = std::max(changes_known, count); }

    HeldFiles files;

    std::mutex writers;  // one of them waits for other processes, the others for it
    std::mutex mutex;    // guards all below
    Database database;   // before the statements: they die first
    TokenStatements tokens;
    TaskStatements tasks;
    CallKeyStatements call_keys;
    MarkStatements marks;
    std::optional<StateMark> own_mark;  // none: this connection has left none
    std::int64_t changes_known{0};
    std::int64_t last_data_version{0};
    std::int64_t generation{0};
};

}  // namespace tailops::store
