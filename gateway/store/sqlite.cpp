#include "gateway/store/sqlite.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/disk.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tailops::store {
namespace {

constexpr std::string_view message = "the gateway's database cannot be used at the moment";

/// What a damaged file means for whoever has to act: which one it is, and what can be done.
std::unexpected<Error> damaged(sqlite3* connection, const std::string& how)
{
    const char* path = sqlite3_db_filename(connection, "main");
    const std::string file = path && *path ? path : "the database";
    return fail(Error{Errc::unavailable, "the gateway's database is damaged"}.with_detail(
        file + ": " + how +
        "; stop the gateway and put a backup in its place, or move it aside together with its "
        "-wal and -shm: all gateway tokens end then, and the audit trail gives back what it knows "
        "of idempotency keys"));
}

std::unexpected<Error> failed(sqlite3* connection, int code)
{
    const auto primary = code & 0xFF;
    if (connection && (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)) {
        return damaged(connection, sqlite3_errmsg(connection));
    }
    const auto kind = (code & 0xFF) == SQLITE_BUSY ? Errc::busy : Errc::internal;
    const std::string detail = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    return fail(Error{kind, std::string{message}}.with_detail("SQLite: " + detail));
}

std::unexpected<Error> cannot_open(const std::string& path, const std::string& why)
{
    return fail(Error{Errc::unavailable, "the gateway's database cannot be opened"}.with_detail(
        path + ": " + why));
}

/// Sees to it that `path` is a file of ours that nobody else may read. SQLite gives the files
/// beside it (-wal, -shm) the same mode.
Status make_private_file(const std::string& path)
{
    const bool is_new = ::access(path.c_str(), F_OK) != 0;
    // SQLite opens what it finds under these names, and would wait for whoever writes into a FIFO.
    for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) {
        const auto name = path + suffix;
        if (const auto kind = require_regular_file(AT_FDCWD, name); !kind) {
            return cannot_open(name, kind.error().public_message());
        }
    }
    constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const int file = ::open(path.c_str(), flags, 0600);
    if (file < 0) return cannot_open(path, std::strerror(errno));
    if (is_new) {
        Disk disk;
        if (auto synced = sync_folder_of(disk, path); !synced) {
            ::close(file);
            return cannot_open(path, synced.error().describe());
        }
    }
    struct stat status{};
    const bool known = ::fstat(file, &status) == 0;
    const bool regular = known && S_ISREG(status.st_mode);
    const bool open_to_others = known && (status.st_mode & 0077) != 0;
    const bool closed = !open_to_others || ::fchmod(file, 0600) == 0;
    const auto reason = errno;
    ::close(file);
    if (!regular) return cannot_open(path, "not a regular file");
    if (!closed) return cannot_open(path, std::string{"chmod 0600: "} + std::strerror(reason));
    return {};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept
{
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value)
{
    failed_bind_ |= sqlite3_bind_int64(statement_.get(), parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view text)
{
    failed_bind_ |= sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(),
                                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes)
{
    failed_bind_ |= sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(),
                                        SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_null(int parameter)
{
    failed_bind_ |= sqlite3_bind_null(statement_.get(), parameter);
    return *this;
}

Result<bool> Statement::step()
{
    auto* connection = sqlite3_db_handle(statement_.get());
    if (failed_bind_ != SQLITE_OK) return failed(nullptr, SQLITE_MISUSE);
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failed(connection, code);
}

Status Statement::run()
{
    const auto stepped = step();
    reset();
    if (!stepped) return fail(stepped.error());
    return {};
}

void Statement::reset()
{
    sqlite3_reset(statement_.get());
    failed_bind_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const
{
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string Statement::bytes(int column) const
{
    const auto* start = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return start ? std::string{start, size} : std::string{};
}

void Database::Close::operator()(sqlite3* connection) const noexcept
{
    sqlite3_close_v2(connection);
}

Result<Database> Database::open(const Options& options)
{
    if (options.path != ":memory:") {
        if (auto made = make_private_file(options.path); !made) return fail(made.error());
    }
    Database database;
    sqlite3* raw = nullptr;
    // No mutex of SQLite's own: the owner locks.
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(options.path.c_str(), &raw, flags, nullptr);
    database.connection_.reset(raw);
    if (code != SQLITE_OK) {
        return cannot_open(options.path, raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code));
    }
    database.busy_timeout_ = options.busy_timeout;
    sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
    // A database that comes from elsewhere must not run code of its schema's choosing.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    const auto prepared = database.execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON");
    if (!prepared) return cannot_open(options.path, prepared.error().describe());
    return database;
}

Result<Database> Database::open_at_rest(const std::string& path)
{
    if (const auto kind = require_regular_file(path); !kind) {
        return cannot_open(path, kind.error().public_message());
    }
    std::string uri = "file:";
    for (const char c : path) {
        if (c == '%' || c == '?' || c == '#') {
            uri += '%' + to_hex(std::string_view{&c, 1});
        } else {
            uri += c;
        }
    }
    uri += "?immutable=1";
    Database database;
    sqlite3* raw = nullptr;
    constexpr int flags =
        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(uri.c_str(), &raw, flags, nullptr);
    database.connection_.reset(raw);
    if (code != SQLITE_OK) {
        return cannot_open(path, raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code));
    }
    return database;
}

Result<Statement> Database::prepare(std::string_view sql)
{
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement;
    statement.statement_.reset(raw);
    if (code != SQLITE_OK) return failed(connection_.get(), code);
    return statement;
}

Status Database::execute(const std::string& sql)
{
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed(connection_.get(), code);
    return {};
}

Status Database::check_pages()
{
    TAILOPS_TRY(auto check, prepare("PRAGMA quick_check(1)"));
    TAILOPS_TRY(const auto has_row, check.step());
    const auto found = has_row ? check.bytes(0) : std::string{"it cannot be checked"};
    if (found == "ok") return {};
    return damaged(connection_.get(), escaped_line(found));
}

std::int64_t Database::changes() const
{
    return sqlite3_changes64(connection_.get());
}

Result<Transaction> Transaction::begin(Database& database)
{
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
    return Transaction{database};
}

Result<Transaction> Transaction::begin_at_once(Database& database)
{
    auto* connection = database.connection_.get();
    sqlite3_busy_timeout(connection, 0);
    auto begun = begin(database);
    sqlite3_busy_timeout(connection, static_cast<int>(database.busy_timeout_.count()));
    return begun;
}

Transaction::~Transaction()
{
    if (database_) static_cast<void>(database_->execute("ROLLBACK"));
}

Status Transaction::commit()
{
    auto done = database_->execute("COMMIT");
    if (done) database_ = nullptr;
    return done;
}

}  // namespace tailops::store
