#pragma once

#include "gateway/core/error.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace tailops {

/// The system calls that change files, as a dependency: tests have them fail, fall short or end the
/// process (tests/support/faults.hpp). Each answers as its namesake in section 2 of the manual
/// does, with errno. Safe from any thread.
class Disk {
public:
    Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    virtual ~Disk() = default;

    /// openat(2) below `folder`.
    virtual int open(int folder, const char* path, int flags, mode_t mode);
    /// pwrite(2): where the bytes go is said, so that they can be written again in their place.
    virtual ssize_t write(int file, std::string_view bytes, off_t offset);
    virtual int truncate(int file, off_t bytes);
    /// fdatasync(2).
    virtual int sync_data(int file);
    /// fsync(2), also of a folder.
    virtual int sync(int file);
    virtual int rename(int folder, const char* from, const char* to);
    virtual int remove(int folder, const char* name);
    virtual int make_folder(const char* path, mode_t mode);
};

/// Has the entries of the folder that holds `path` on stable storage: a file or folder that was
/// just made there is lost with the power otherwise. Errors: unavailable.
Status sync_folder_of(Disk& disk, const std::filesystem::path& path);

}  // namespace tailops
