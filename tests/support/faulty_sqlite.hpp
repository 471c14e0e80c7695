#pragma once

#include <sqlite3.h>

#include <array>
#include <atomic>

namespace tailops::testing {

/// While it lives, databases that are opened fail on demand: SQLite's own access to files (its VFS)
/// with the calls that change them replaced. One at a time, made before the database is opened and
/// ended after it was closed.
class FaultySqlite {
public:
    FaultySqlite()
    {
        real() = sqlite3_vfs_find(nullptr);
        vfs_ = *real();
        vfs_.zName = "tailops-faulty";
        vfs_.pNext = nullptr;
        vfs_.xOpen = &open;
        mend();
        sqlite3_vfs_register(&vfs_, 1);
    }
    FaultySqlite(const FaultySqlite&) = delete;
    FaultySqlite& operator=(const FaultySqlite&) = delete;
    ~FaultySqlite()
    {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real(), 1);
    }

    /// Every write and every sync answers `code`: SQLITE_FULL, SQLITE_IOERR_WRITE,
    /// SQLITE_IOERR_FSYNC.
    static void fail(int code) { fault() = code; }
    static void mend() { fault() = SQLITE_OK; }

private:
    static sqlite3_vfs*& real()
    {
        static sqlite3_vfs* vfs = nullptr;
        return vfs;
    }
    static std::atomic<int>& fault()
    {
        static std::atomic<int> code{SQLITE_OK};
        return code;
    }
    /// The methods of a kind of real files, and ours, which are the same but for those that change.
    struct Methods {
        const sqlite3_io_methods* real{nullptr};
        sqlite3_io_methods ours{};
    };
    /// The database and its log are of two kinds; no more are known.
    static std::array<Methods, 4>& kinds()
    {
        static std::array<Methods, 4> all;
        return all;
    }
    static const sqlite3_io_methods* real_of(const sqlite3_file* file)
    {
        for (const auto& kind : kinds()) {
            if (file->pMethods == &kind.ours) return kind.real;
        }
        return nullptr;
    }
    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* got)
    {
        const int code = real()->xOpen(real(), name, file, flags, got);
        if (code != SQLITE_OK || !file->pMethods) return code;
        for (auto& kind : kinds()) {
            if (!kind.real) {
                kind.real = file->pMethods;
                kind.ours = *file->pMethods;
                kind.ours.xWrite = &write;
                kind.ours.xSync = &sync;
                kind.ours.xTruncate = &truncate;
            }
            if (file->pMethods != kind.real) continue;
            file->pMethods = &kind.ours;
            break;
        }
        return code;
    }
    static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset)
    {
        if (const int code = fault(); code != SQLITE_OK) return code;
        return real_of(file)->xWrite(file, bytes, count, offset);
    }
    static int sync(sqlite3_file* file, int flags)
    {
        if (const int code = fault(); code != SQLITE_OK) return code;
        return real_of(file)->xSync(file, flags);
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 bytes)
    {
        if (const int code = fault(); code != SQLITE_OK) return code;
        return real_of(file)->xTruncate(file, bytes);
    }

    sqlite3_vfs vfs_{};
};

}  // namespace tailops::testing
