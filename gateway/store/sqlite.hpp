#pragma once

#include "gateway/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite behind values that close themselves. Nothing here is safe from two threads at once: the
/// owner of a Database locks.
namespace tailops::store {

/// A prepared statement, ready to be run again after every `reset`. Parameters count from 1,
/// columns from 0. Dies before its Database.
class Statement {
public:
    Statement() = default;

    /// Binds after a reset; the text is copied. A failed bind fails the next `step`.
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, std::string_view bytes);
    Statement& bind_null(int parameter);

    /// Runs to the next row: true, or false at the end. Errors: busy (another process holds the
    /// database longer than the busy timeout), internal.
    Result<bool> step();
    /// Runs a statement that answers no rows, and makes it ready for the next time.
    Status run();
    /// Ready for new parameters; those bound stay until replaced.
    void reset();

    std::int64_t integer(int column) const;
    bool is_null(int column) const;
    /// The bytes of a text or a blob.
    std::string bytes(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int failed_bind_{0};
};

/// One connection to one database file, or to a database in memory.
class Database {
public:
    struct Options {
        std::string path;  // ":memory:" for a database that dies with its connection
        std::chrono::milliseconds busy_timeout{5000};
    };

    /// Opens or creates the file, for its owner only (mode 0600), in write-ahead mode with full
    /// durability.
    /// Errors: unavailable (no such folder, not ours, not a database; the detail says which).
    static Result<Database> open(const Options& options);

    /// Opens a file to read it as it lies there: takes no lock, makes no file beside it, and does
    /// not see what is in a -wal. For a database that nobody has open. Errors: unavailable.
    static Result<Database> open_at_rest(const std::string& path);

    Result<Statement> prepare(std::string_view sql);
    /// Runs statements that take no parameters and whose rows nobody wants.
    Status execute(const std::string& sql);
    /// Reads every page once: a damaged one is found now and not by the call that needs it. Errors:
    /// unavailable (damaged; the detail names the file), and those of Statement::step.
    Status check_pages();
    /// How many rows the last statement changed.
    std::int64_t changes() const;
    std::chrono::milliseconds busy_timeout() const noexcept { return busy_timeout_; }

private:
    friend class Transaction;
    struct Close {
        void operator()(sqlite3* connection) const noexcept;
    };
    std::unique_ptr<sqlite3, Close> connection_;
    std::chrono::milliseconds busy_timeout_{0};
};

/// BEGIN IMMEDIATE now; ROLLBACK at the end of the scope unless committed.
class Transaction {
public:
    /// Errors: those of Statement::step.
    static Result<Transaction> begin(Database& database);
    /// The same without the busy timeout: `busy` at once while another process writes.
    static Result<Transaction> begin_at_once(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Transaction(Transaction&& other) noexcept : database_{std::exchange(other.database_, nullptr)}
    {
    }
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Status commit();

private:
    explicit Transaction(Database& database) : database_{&database} {}
    Database* database_;
};

}  // namespace tailops::store
