#include "gateway/runs/spool_files.hpp"

#include "gateway/core/regular_file.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/run_view.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace tailops::runs {
namespace {

using targets::OutputStream;

constexpr const char* records_name = "runs.jsonl";
constexpr const char* next_records_name = "runs.jsonl.new";

Error disk_error(const std::string& what, int error_number)
{
    return Error{Errc::unavailable, "the gateway's disk does not keep outputs"}.with_detail(
        "spool: " + what + ": " + std::generic_category().message(error_number));
}

/// A name that a power failure takes back costs outputs, and no call: nothing depends on it.
void sync_folder(const std::filesystem::path& folder) noexcept
{
    const FileDescriptor descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (descriptor.is_open()) (void)::fsync(descriptor.get());
}

std::string name_of(const RequestId& run, OutputStream stream)
{
    return run.str() + '.' + std::string{tools::to_string(stream)};
}

}  // namespace

Result<SpoolFiles> SpoolFiles::open(const std::filesystem::path& folder)
{
    const bool is_new = ::mkdir(folder.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return fail(disk_error("mkdir " + folder.string(), errno));
    if (is_new) sync_folder(folder.parent_path());
    FileDescriptor descriptor{
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    if (!descriptor.is_open()) return fail(disk_error("open " + folder.string(), errno));
    // What targets print can be secret, whatever the mode of an older folder.
    if (::fchmod(descriptor.get(), 0700) != 0) {
        return fail(disk_error("chmod " + folder.string(), errno));
    }
    return SpoolFiles{std::move(descriptor)};
}

Result<FileDescriptor> SpoolFiles::open_file(const std::string& name, int flags) const
{
    constexpr int always = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    FileDescriptor file{::openat(folder_.get(), name.c_str(), flags | always, 0600)};
    const int number = errno;
    // A FIFO would be waited for, and keeps nothing.
    if (file.is_open()) {
        const auto kind = require_regular_file(file.get());
        if (kind) return file;
        return fail(
            Error{Errc::unavailable, "the gateway's disk does not keep outputs"}.with_detail(
                "spool: " + name + ": " + kind.error().public_message()));
    }
    if (number == ENOENT) return fail(Errc::not_found, "this output is no longer kept");
    return fail(disk_error("open " + name, number));
}

Result<FileDescriptor> SpoolFiles::create(const RequestId& run, OutputStream stream) const
{
    return open_file(name_of(run, stream), O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
}

Result<FileDescriptor> SpoolFiles::open_stream(const RequestId& run, OutputStream stream) const
{
    return open_file(name_of(run, stream), O_RDONLY);
}

Result<FileDescriptor> SpoolFiles::open_records() const
{
    return open_file(records_name, O_RDWR | O_CREAT | O_APPEND);
}

Result<FileDescriptor> SpoolFiles::create_next_records() const
{
    return open_file(next_records_name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND);
}

Status SpoolFiles::put_next_records_in_place(const FileDescriptor& next) const
{
    // On the disk before it has the name: a power failure must not leave an empty file there, which
    // would make every output nobody's.
    if (::fsync(next.get()) != 0) return fail(disk_error("sync the file of the records", errno));
    if (::renameat(folder_.get(), next_records_name, folder_.get(), records_name) != 0) {
        return fail(disk_error("rename the file of the records", errno));
    }
    // Without it the old file may come back, which is as whole.
    (void)::fsync(folder_.get());
    return {};
}

void SpoolFiles::drop_next_records() const noexcept
{
    ::unlinkat(folder_.get(), next_records_name, 0);
}

void SpoolFiles::remove(const RequestId& run) const noexcept
{
    for (const auto stream : {OutputStream::output, OutputStream::diagnostics}) {
        ::unlinkat(folder_.get(), name_of(run, stream).c_str(), 0);
    }
}

void SpoolFiles::remove_other(const std::string& name) const noexcept
{
    ::unlinkat(folder_.get(), name.c_str(), 0);
}

Result<std::vector<std::string>> SpoolFiles::list() const
{
    const int copy = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return fail(disk_error("open", errno));
    const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(copy), ::closedir};
    if (!entries) {
        ::close(copy);
        return fail(disk_error("list", errno));
    }
    std::vector<std::string> out;
    while (const auto* entry = ::readdir(entries.get())) {
        const std::string_view name{entry->d_name};
        if (name != "." && name != ".." && name != records_name) out.emplace_back(name);
    }
    return out;
}

std::uint64_t SpoolFiles::bytes_of(const RequestId& run, OutputStream stream) const noexcept
{
    struct stat info{};
    const auto name = name_of(run, stream);
    const bool is_file = ::fstatat(folder_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISREG(info.st_mode);
    return is_file ? static_cast<std::uint64_t>(info.st_size) : 0;
}

std::size_t append(const FileDescriptor& file, std::string_view bytes, int& error_number)
{
    std::size_t written = 0;
    while (written < bytes.size()) {
        const auto step = ::write(file.get(), bytes.data() + written, bytes.size() - written);
        if (step < 0 && errno == EINTR) continue;
        if (step <= 0) {
            error_number = step < 0 ? errno : ENOSPC;
            break;
        }
        written += static_cast<std::size_t>(step);
    }
    return written;
}

std::string read_range(const FileDescriptor& file, std::uint64_t offset, std::size_t count)
{
    std::string out;
    out.resize_and_overwrite(count, [&](char* into, std::size_t size) {
        std::size_t got = 0;
        while (got < size) {
            const auto step =
                ::pread(file.get(), into + got, size - got, static_cast<off_t>(offset + got));
            if (step < 0 && errno == EINTR) continue;
            if (step <= 0) break;
            got += static_cast<std::size_t>(step);
        }
        return got;
    });
    return out;
}

Result<std::uint64_t> size_of(const FileDescriptor& file)
{
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return fail(disk_error("stat", errno));
    return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace tailops::runs
