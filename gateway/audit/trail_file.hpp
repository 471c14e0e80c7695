#pragma once

#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/core/clock.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace tailops::audit {

using SyncFunction = std::function<int(int descriptor)>;

/// The file that the trail grows in. It holds whole lines at all times: what could be written only
/// in part is taken back. Not safe from two threads. `directory` and `sync` outlive it.
class TrailFile {
public:
    /// Goes on with a file that recovery found sound: `bytes` long, beginning at `first_seq`.
    static Result<TrailFile> resume(const Directory& directory,
                                    const SyncFunction& sync,
                                    std::uint64_t bytes,
                                    std::uint64_t first_seq);

    /// Makes the file, with its `file` line and one `open` line for each of `open_bodies`, on
    /// stable storage when it returns; moves `position` on. A failure leaves no file and no trace.
    struct Beginning {
        std::span<const std::string> open_bodies;
        TimePoint time;
    };
    static Result<TrailFile> begin(const Directory& directory,
                                   const SyncFunction& sync,
                                   const Beginning& beginning,
                                   ChainPosition& position,
                                   KeyedMac& mac);

    /// Writes all of `lines` or nothing. Errors: unavailable (no space, I/O error, or the file is
    /// no longer the one we wrote: removed, replaced, changed by another).
    Status append(std::string_view lines);
    /// Errors: unavailable. The caller then takes back what it had appended.
    Status sync();
    /// Cuts the file off at `bytes`; when that fails, the next append tries again first.
    void take_back(std::uint64_t bytes);
    /// Whether the name still leads to our file and nobody else changed it. Errors: unavailable.
    Status check();

    std::uint64_t bytes() const noexcept { return bytes_; }
    std::uint64_t first_seq() const noexcept { return first_seq_; }

private:
    TrailFile(const Directory& directory,
              const SyncFunction& sync,
              FileDescriptor file,
              std::uint64_t first_seq);

    const Directory* directory_;
    const SyncFunction* sync_;
    FileDescriptor file_;
    Directory::Identity identity_;
    std::uint64_t bytes_{0};
    std::uint64_t first_seq_;
    bool has_leftover_{false};  // bytes of ours behind bytes_ that could not be cut off yet
};

}  // namespace tailops::audit
