#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/file_identity.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace tailops::store {

/// The files of an open database (itself, -wal, -shm), remembered so that their replacement is
/// noticed: SQLite goes on with the files that it has open, and other processes change the ones
/// that have the names. Safe from any thread.
class HeldFiles {
public:
    /// Those of the database at `path`, which is open. None of ":memory:".
    explicit HeldFiles(const std::string& path);

    /// Whether each name still leads to its file; three stat(2). Once one did not, for ever: what
    /// other processes changed meanwhile is in neither. Errors: unavailable; the detail says what
    /// to do.
    Status check() const;
    bool were_replaced() const noexcept { return were_replaced_; }
    /// From now on check() fails: the database has the right name, and another one's content.
    void note_overwritten() noexcept;
    bool were_overwritten() const noexcept { return were_overwritten_; }

    /// Which file the database is, as other processes of this machine see it; none of ":memory:".
    std::optional<FileIdentity> database() const;

private:
    struct Held {
        std::string path;
        FileIdentity identity;
    };
    std::vector<Held> held_;  // the database first
    mutable std::atomic<bool> were_replaced_{false};
    std::atomic<bool> were_overwritten_{false};
};

}  // namespace tailops::store
