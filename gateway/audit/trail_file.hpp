#pragma once

#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/core/clock.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tailops::audit {

/// The file that the trail grows in. It holds whole lines at all times: what could be written only
/// in part is taken back. Not safe from two threads. `directory` outlives it.
///
/// After a sync that failed, the kernel holds for clean what it did not write (fsync(2), NOTES).
/// What was appended since the last sync that went well therefore stays in memory, and is written
/// once more, in its place, before the next one.
class TrailFile {
public:
    /// Where a file that recovery found sound ends, where its first records begin (behind its
    /// `file` and `open` lines), and the number of its first line.
    struct Extent {
        std::uint64_t bytes{0};
        std::uint64_t begun_bytes{0};
        std::uint64_t first_seq{1};
    };
    /// Goes on with such a file, on stable storage when it returns.
    static Result<TrailFile> resume(const Directory& directory, const Extent& extent);

    /// Makes the file, with its `file` line and one `open` line for each of `open_bodies`, on
    /// stable storage when it returns; moves `position` on. A failure leaves no file and no trace.
    struct Beginning {
        std::span<const std::string> open_bodies;
        std::uint64_t oldest_seq{1};  // where the trail begins by now
        TimePoint time;
    };
    static Result<TrailFile> begin(const Directory& directory,
                                   const Beginning& beginning,
                                   ChainPosition& position,
                                   KeyedMac& mac);

    /// Writes all of `lines` or nothing. Errors: unavailable (no space, I/O error, or the file is
    /// no longer the one we wrote: removed, replaced, changed by another).
    Status append(std::string_view lines);
    /// Errors: unavailable. The caller then takes back what it had appended for this sync.
    Status sync();
    /// Cuts the file off at `bytes`, no further back than the last sync; when that fails, the next
    /// append tries again first.
    void take_back(std::uint64_t bytes);
    /// Whether the name still leads to our file, from the root of the file system on, and nobody
    /// else changed it. Errors: unavailable.
    Status check();

    std::uint64_t bytes() const noexcept { return extent_.bytes; }
    /// Without the lines that every file begins with, which may be many.
    std::uint64_t bytes_of_records() const noexcept { return extent_.bytes - extent_.begun_bytes; }
    std::uint64_t first_seq() const noexcept { return extent_.first_seq; }
    /// Appended and not on stable storage yet, as far as we know.
    std::size_t unsynced_bytes() const noexcept { return unsynced_.size(); }

private:
    TrailFile(const Directory& directory, FileDescriptor file, const Extent& extent);

    const Directory* directory_;
    FileDescriptor file_;
    Directory::Identity identity_;
    Extent extent_;
    std::string unsynced_;      // the last bytes of the file: those of unsynced_bytes()
    bool is_doubtful_{false};   // a sync failed: they must be written again
    bool has_leftover_{false};  // bytes of ours behind the end that could not be cut off yet
};

}  // namespace tailops::audit
