#include "gateway/audit/directory.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/file_identity.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace tailops::audit {
namespace {

constexpr std::string_view rotated_prefix = "audit-";
constexpr std::string_view rotated_suffix = ".jsonl";
constexpr std::size_t key_bytes = 32;

Error unreadable(std::string_view what, int error_number)
{
    return Error{Errc::unavailable, "the audit trail cannot be read"}.with_detail(
        std::string{what} + ": " + std::generic_category().message(error_number));
}

bool is_rotated_name(std::string_view name)
{
    if (!name.starts_with(rotated_prefix) || !name.ends_with(rotated_suffix)) return false;
    name.remove_prefix(rotated_prefix.size());
    name.remove_suffix(rotated_suffix.size());
    return name.size() >= 12 && name.find_first_not_of("0123456789") == std::string_view::npos;
}

Status require_regular(const std::string& name, const Status& kind)
{
    if (kind) return {};
    return fail(Error{Errc::unavailable, "the audit trail cannot be used"}.with_detail(
        name + ": " + kind.error().public_message() + "; move it elsewhere"));
}

Directory::Identity facts_of(const struct stat& info)
{
    return {.device = info.st_dev,
            .inode = info.st_ino,
            .bytes = static_cast<std::uint64_t>(info.st_size)};
}

struct flock whole_file_lock()
{
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

Error unwritable(std::string_view what, int error_number)
{
    return Error{Errc::unavailable, "the audit trail cannot be written"}.with_detail(
        std::string{what} + ": " + std::generic_category().message(error_number));
}

std::string rotated_name(std::uint64_t first_seq)
{
    auto digits = std::to_string(first_seq);
    if (digits.size() < 12) digits.insert(0, 12 - digits.size(), '0');
    return std::string{rotated_prefix} + digits + std::string{rotated_suffix};
}

Result<Directory> Directory::open(const std::filesystem::path& path,
                                  Purpose purpose,
                                  std::shared_ptr<Disk> disk)
{
    if (!disk) disk = std::make_shared<Disk>();
    if (purpose == Purpose::writing) {
        if (disk->make_folder(path.c_str(), 0700) == 0) {
            TAILOPS_CHECK(sync_folder_of(*disk, path));
        } else if (errno != EEXIST) {
            return fail(unwritable("mkdir " + path.string(), errno));
        }
    }
    FileDescriptor descriptor{
        disk->open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)};
    if (!descriptor.is_open()) return fail(unreadable("open " + path.string(), errno));
    return Directory{path, std::move(descriptor), std::move(disk)};
}

Result<FileDescriptor> Directory::open_file(std::string_view name, int flags) const
{
    const std::string path{name};
    TAILOPS_CHECK(require_regular(path, require_regular_file(descriptor_.get(), path)));
    // O_NONBLOCK is for what has come there meanwhile; to a regular file it means nothing.
    constexpr int always = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    FileDescriptor file{disk_->open(descriptor_.get(), path.c_str(), flags | always, 0600)};
    if (!file.is_open()) {
        const auto why = errno;
        if (why == ENOENT) {
            return fail(Error{Errc::not_found, "the audit trail has no such file"}.with_detail(
                path_of(name) + " is missing"));
        }
        return fail((flags & O_ACCMODE) == O_RDONLY ? unreadable("open " + path, why)
                                                    : unwritable("open " + path, why));
    }
    TAILOPS_CHECK(require_regular(path, require_regular_file(file.get())));
    if ((flags & O_ACCMODE) != O_RDONLY && ::fchmod(file.get(), 0600) != 0) {
        return fail(unwritable("chmod " + path, errno));
    }
    return file;
}

std::optional<Directory::Identity> Directory::identify(std::string_view name) const
{
    struct stat info{};
    if (::fstatat(descriptor_.get(), std::string{name}.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return std::nullopt;
    }
    return facts_of(info);
}

Status Directory::check_place() const
{
    const auto ours = identity_of(descriptor_.get());
    if (ours && identity_of(path_.string()) == ours) return {};
    return fail(Error{Errc::unavailable, "the audit trail cannot be written"}.with_detail(
        path_.string() +
        " is no longer the folder that the gateway writes the audit trail in: it, or a folder "
        "above it, was moved, removed or replaced; put it back, or restart the gateway"));
}

Status Directory::rename(std::string_view from, std::string_view to) const
{
    const std::string source{from};
    const std::string destination{to};
    if (disk_->rename(descriptor_.get(), source.c_str(), destination.c_str()) != 0) {
        return fail(unwritable("rename " + source, errno));
    }
    return {};
}

Status Directory::remove(std::string_view name) const
{
    const std::string path{name};
    if (disk_->remove(descriptor_.get(), path.c_str()) != 0 && errno != ENOENT) {
        return fail(unwritable("unlink " + path, errno));
    }
    return {};
}

Status Directory::sync() const
{
    if (disk_->sync(descriptor_.get()) == 0) return {};
    return fail(unwritable("fsync of the directory", errno));
}

Result<std::vector<std::string>> Directory::rotated_files() const
{
    // A descriptor of its own: reading a directory moves the descriptor's position.
    const int again = ::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) return fail(unreadable("open of the directory", errno));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(again), &::closedir};
    if (!stream) {
        ::close(again);
        return fail(unreadable("reading the directory", errno));
    }
    std::vector<std::string> names;
    while (const auto* const entry = ::readdir(stream.get())) {
        if (is_rotated_name(entry->d_name)) names.emplace_back(entry->d_name);
    }
    std::ranges::sort(names, [](const auto& a, const auto& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return names;
}

Status write_at(Disk& disk,
                const FileDescriptor& file,
                std::string_view bytes,
                std::uint64_t offset,
                std::string_view what)
{
    while (!bytes.empty()) {
        const auto count = disk.write(file.get(), bytes, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            return fail(unwritable("write to " + std::string{what}, count < 0 ? errno : EIO));
        }
        offset += static_cast<std::uint64_t>(count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Directory::Identity identify(const FileDescriptor& file)
{
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return {};
    return facts_of(info);
}

Result<std::string> read_at(const FileDescriptor& file, std::uint64_t offset, std::size_t count)
{
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const auto got = ::pread(file.get(), bytes.data() + have, count - have,
                                 static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(unreadable("read", errno));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

Result<FileDescriptor> lock_trail(const Directory& directory)
{
    TAILOPS_TRY(auto file, directory.open_file(lock_file, O_RDWR | O_CREAT));
    // Bound to the open file, not to the process: a child that is between fork and exec does not
    // drop it, and closing another descriptor of the file does not either.
    auto lock = whole_file_lock();
    if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) {
        // What a daemon before us said of itself is not so of us.
        const bool is_blank = identify(file).bytes == 0;
        if (is_blank || directory.disk().truncate(file.get(), 0) == 0) return file;
        return fail(unwritable("ftruncate audit.lock", errno));
    }
    if (errno == EAGAIN || errno == EACCES) {
        return fail(Error{Errc::unavailable, "another daemon writes this audit trail"}.with_detail(
            "audit.lock is held; two gateways need two state directories"));
    }
    return fail(unwritable("lock", errno));
}

bool is_trail_locked(const Directory& directory)
{
    const auto file = directory.open_file(lock_file, O_RDONLY);
    if (!file) return false;
    auto lock = whole_file_lock();
    return ::fcntl(file->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::string read_lock_note(const Directory& directory)
{
    constexpr std::size_t note_bytes_max = 256;
    if (!is_trail_locked(directory)) return {};
    const auto file = directory.open_file(lock_file, O_RDONLY);
    return file ? read_at(*file, 0, note_bytes_max).value_or(std::string{}) : std::string{};
}

Result<Secret> read_key(const Directory& directory)
{
    const auto file = directory.open_file(key_file, O_RDONLY);
    if (!file && file.error().code() == Errc::not_found) {
        return fail(Error{Errc::not_found, "the key of the audit trail is missing"}.with_detail(
            directory.path_of(key_file) + ": put it back, or name the key in the configuration"));
    }
    if (!file) return fail(file.error());
    struct stat info{};
    if (::fstat(file->get(), &info) != 0) return fail(unreadable("stat audit.key", errno));
    if ((info.st_mode & 077) != 0) {
        return fail(Error{Errc::unavailable, "the audit key can be read by others"}.with_detail(
            "chmod 600 audit.key, and think of the key as known"));
    }
    if (info.st_size < static_cast<off_t>(key_bytes)) {
        return fail(Error{Errc::unavailable, "the audit key is too short"}.with_detail(
            "audit.key must hold at least 32 bytes"));
    }
    TAILOPS_TRY(auto bytes, read_at(*file, 0, 4096));
    return Secret{std::move(bytes)};
}

Result<Secret> read_or_make_key(const Directory& directory)
{
    auto known = read_key(directory);
    if (known || known.error().code() != Errc::not_found) return known;
    TAILOPS_TRY(const auto rotated, directory.rotated_files());
    const auto current = directory.identify(current_file);
    if (!rotated.empty() || (current && current->bytes > 0)) {
        return fail(Error{Errc::unavailable, "the key of the audit trail is missing"}.with_detail(
            directory.path_of(key_file) +
            ": put it back; or, where the trail is to end here, move its files aside"));
    }
    // Under another name first: a crash must not leave half a key behind.
    constexpr std::string_view draft = "audit.key.new";
    Secret key{random_bytes(key_bytes)};
    if (auto removed = directory.remove(draft); !removed) return fail(removed.error());
    TAILOPS_TRY(const auto file, directory.open_file(draft, O_WRONLY | O_CREAT | O_EXCL));
    TAILOPS_CHECK(write_at(directory.disk(), file, key.reveal(), 0, draft));
    if (directory.disk().sync(file.get()) != 0)
        return fail(unwritable("fsync of audit.key", errno));
    if (auto renamed = directory.rename(draft, key_file); !renamed) return fail(renamed.error());
    if (auto synced = directory.sync(); !synced) return fail(synced.error());
    return key;
}

Result<std::vector<OpenFile>> open_trail(const Directory& directory)
{
    // A rotation or a removal between two of the steps below shows, and we look again. They are
    // minutes apart; five looks in a row that all fail mean that something else is wrong.
    for (int attempt = 0; attempt < 5; ++attempt) {
        auto current = directory.open_file(current_file, O_RDONLY);
        if (!current && current.error().code() != Errc::not_found) return fail(current.error());
        TAILOPS_TRY(const auto names, directory.rotated_files());
        std::vector<OpenFile> files;
        bool is_whole = true;
        for (const auto& name : names) {
            auto file = directory.open_file(name, O_RDONLY);
            if (!file && file.error().code() != Errc::not_found) return fail(file.error());
            if (!file) {
                is_whole = false;
                break;
            }
            const auto bytes = identify(*file).bytes;
            files.push_back({.name = name, .file = *std::move(file), .bytes = bytes});
        }
        const auto now = directory.identify(current_file);
        if (!is_whole || now.has_value() != current.has_value()) continue;
        if (current) {
            const auto ours = identify(*current);
            if (now->inode != ours.inode || now->device != ours.device) continue;
            files.push_back({.name = std::string{current_file},
                             .file = *std::move(current),
                             .bytes = ours.bytes,
                             .is_current = true});
        }
        return files;
    }
    return fail(Errc::unavailable, "the audit trail's files keep changing; try again");
}

}  // namespace tailops::audit
