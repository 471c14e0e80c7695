#pragma once

#include "gateway/core/disk.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/file_descriptor.hpp"
#include "gateway/core/secret.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::audit {

inline constexpr std::string_view current_file = "audit.jsonl";
inline constexpr std::string_view key_file = "audit.key";
inline constexpr std::string_view lock_file = "audit.lock";
inline constexpr std::string_view torn_file = "audit.torn";

/// The public message of every failure to write; errno and file go into the detail.
Error unwritable(std::string_view what, int error_number);

/// The name of a file that rotation put aside: audit-<first seq, 12 digits>.jsonl, so that names
/// sort as the chain runs.
std::string rotated_name(std::uint64_t first_seq);

/// The directory that holds a trail, by descriptor: renaming it does not lead us astray, and
/// check_place() tells of it. No symbolic link is followed inside it. Safe from any thread.
class Directory {
public:
    /// Opens it; `writing` makes it first (0700) when it is missing. All changes go through `disk`;
    /// null: the machine's own. Errors: unavailable.
    enum class Purpose { reading, writing };
    static Result<Directory> open(const std::filesystem::path& path,
                                  Purpose purpose,
                                  std::shared_ptr<Disk> disk = nullptr);

    /// openat(2) with O_CLOEXEC|O_NOFOLLOW; new files get mode 0600 whatever the umask. Waits for
    /// nobody. Errors: not_found (no such file), unavailable (also for what is no regular file).
    Result<FileDescriptor> open_file(std::string_view name, int flags) const;
    /// Device and inode of a name, or nothing when it is not there.
    struct Identity {
        std::uint64_t device{0};
        std::uint64_t inode{0};
        std::uint64_t bytes{0};
        friend bool operator==(const Identity&, const Identity&) = default;
    };
    std::optional<Identity> identify(std::string_view name) const;

    /// Whether the path that it was opened by still leads to it: else nobody finds what is written
    /// here. Errors: unavailable.
    Status check_place() const;

    Status rename(std::string_view from, std::string_view to) const;
    Status remove(std::string_view name) const;
    Status sync() const;

    /// Names of the files that rotation put aside, in the chain's order.
    Result<std::vector<std::string>> rotated_files() const;

    /// Of a file in it, for messages.
    std::string path_of(std::string_view name) const { return (path_ / name).string(); }

    Disk& disk() const noexcept { return *disk_; }

private:
    Directory(std::filesystem::path path, FileDescriptor descriptor, std::shared_ptr<Disk> disk)
        : path_{std::move(path)},
          descriptor_{std::move(descriptor)},
          disk_{std::move(disk)}
    {
    }
    std::filesystem::path path_;
    FileDescriptor descriptor_;
    std::shared_ptr<Disk> disk_;
};

/// Writes all of `bytes` at `offset`, or fails; what was written until then stays. `what` names the
/// file. Errors: unavailable.
Status write_at(Disk& disk,
                const FileDescriptor& file,
                std::string_view bytes,
                std::uint64_t offset,
                std::string_view what);

Directory::Identity identify(const FileDescriptor& file);

/// The whole of the bytes [offset, offset + count) of a file, fewer at its end. Errors:
/// unavailable.
Result<std::string> read_at(const FileDescriptor& file, std::uint64_t offset, std::size_t count);

/// Takes the trail for this process until the descriptor is closed; the lock dies with the process.
/// Errors: unavailable (another daemon holds it).
Result<FileDescriptor> lock_trail(const Directory& directory);
/// Whether some daemon holds the trail now. Takes nothing itself.
bool is_trail_locked(const Directory& directory);
/// What that daemon said of itself by leave_lock_note() (jsonl_trail.hpp); empty: none does, or it
/// said nothing.
std::string read_lock_note(const Directory& directory);

/// The trail's key, from audit.key. Errors: not_found, unavailable (open to others, too short).
Result<Secret> read_key(const Directory& directory);
/// The same; at the first start makes the file with 32 random bytes. Errors: also unavailable, when
/// there is a trail: another key could only hide that its own is gone.
Result<Secret> read_or_make_key(const Directory& directory);

/// Every file of the trail, oldest first, opened at one instant: rotation and retention that go on
/// meanwhile do not tear the picture.
struct OpenFile {
    std::string name;
    FileDescriptor file;
    std::uint64_t bytes{0};
    bool is_current{false};
};
Result<std::vector<OpenFile>> open_trail(const Directory& directory);

}  // namespace tailops::audit
