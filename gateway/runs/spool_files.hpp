#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/file_descriptor.hpp"
#include "gateway/core/ids.hpp"
#include "targets/output.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::runs {

/// The folder in which outputs lie: for each run RUN.stdout and RUN.stderr, as far as there is
/// anything, and one file for the records of all. Held by descriptor; no symbolic link is followed
/// in it. Files have mode 0600, the folder 0700. Calls block. Safe from any thread.
class SpoolFiles {
public:
    /// Makes the folder when it is missing. Errors: unavailable.
    static Result<SpoolFiles> open(const std::filesystem::path& folder);

    /// A new, empty file for a stream. Errors: unavailable.
    Result<FileDescriptor> create(const RequestId& run, targets::OutputStream stream) const;
    /// Errors: not_found, unavailable.
    Result<FileDescriptor> open_stream(const RequestId& run, targets::OutputStream stream) const;

    /// The file of the records, to read anywhere and to write at its end; made when it is missing.
    /// Errors: unavailable.
    Result<FileDescriptor> open_records() const;
    /// An empty file that shall take its place. Errors: unavailable.
    Result<FileDescriptor> create_next_records() const;
    /// It does so now, with all that was written to it on the disk. Errors: unavailable.
    Status put_next_records_in_place(const FileDescriptor& next) const;
    /// It does not after all.
    void drop_next_records() const noexcept;

    /// The outputs of a run; what is missing is no error.
    void remove(const RequestId& run) const noexcept;

    /// The names of all that lies there, besides the file of the records. Errors: unavailable.
    Result<std::vector<std::string>> list() const;
    void remove_other(const std::string& name) const noexcept;
    std::uint64_t bytes_of(const RequestId& run, targets::OutputStream stream) const noexcept;

private:
    explicit SpoolFiles(FileDescriptor folder) : folder_{std::move(folder)} {}
    Result<FileDescriptor> open_file(const std::string& name, int flags) const;
    FileDescriptor folder_;
};

/// Writes `bytes` at the end of `file`; returns how many of them the disk took, and why not all.
std::size_t append(const FileDescriptor& file, std::string_view bytes, int& error_number);

/// The bytes [offset, offset + count) of a file, fewer at its end.
std::string read_range(const FileDescriptor& file, std::uint64_t offset, std::size_t count);

/// How long a file is. Errors: unavailable.
Result<std::uint64_t> size_of(const FileDescriptor& file);

}  // namespace tailops::runs
