#include "gateway/core/disk.hpp"

#include "gateway/core/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace tailops {

int Disk::open(int folder, const char* path, int flags, mode_t mode)
{
    return ::openat(folder, path, flags, mode);
}

ssize_t Disk::write(int file, std::string_view bytes, off_t offset)
{
    return ::pwrite(file, bytes.data(), bytes.size(), offset);
}

int Disk::truncate(int file, off_t bytes)
{
    return ::ftruncate(file, bytes);
}

int Disk::sync_data(int file)
{
    return ::fdatasync(file);
}

int Disk::sync(int file)
{
    return ::fsync(file);
}

int Disk::rename(int folder, const char* from, const char* to)
{
    return ::renameat(folder, from, folder, to);
}

int Disk::remove(int folder, const char* name)
{
    return ::unlinkat(folder, name, 0);
}

int Disk::make_folder(const char* path, mode_t mode)
{
    return ::mkdir(path, mode);
}

Status sync_folder_of(Disk& disk, const std::filesystem::path& path)
{
    // "a/" names a; its folder is that of "a".
    const auto named = path.has_filename() ? path : path.parent_path();
    const auto folder = named.has_parent_path() ? named.parent_path() : std::filesystem::path{"."};
    const FileDescriptor opened{
        disk.open(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)};
    // A folder that we may write into and not read cannot be synced; nor is that its maker's fault.
    if (!opened.is_open() && errno == EACCES) return {};
    if (opened.is_open() && disk.sync(opened.get()) == 0) return {};
    return fail(Error{Errc::unavailable, "the disk does not keep a new file"}.with_detail(
        "fsync of " + folder.string() + ": " + std::generic_category().message(errno)));
}

}  // namespace tailops
