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

namespace tailops::call {

/// The folder in which outputs lie: for each run RUN.stdout, RUN.stderr, as far as there is
/// anything, and RUN.run, its record. Held by descriptor; no symbolic link is followed in it. Files
/// have mode 0600, the folder 0700. Calls block. Safe from any thread.
class SpoolFiles {
public:
    /// Makes the folder when it is missing. Errors: unavailable.
    static Result<SpoolFiles> open(const std::filesystem::path& folder);

    /// A new, empty file for a stream. Errors: unavailable.
    Result<FileDescriptor> create(const RequestId& run, targets::OutputStream stream) const;
    /// Errors: not_found, unavailable.
    Result<FileDescriptor> open_stream(const RequestId& run, targets::OutputStream stream) const;

    /// Puts a record in the place of the one before, as one whole. Errors: unavailable.
    Status put_record(const RequestId& run, std::string_view text) const;
    /// Errors: not_found, unavailable (also: longer than 1 MiB).
    Result<std::string> read_record(const RequestId& run) const;

    /// Everything of a run; what is missing is no error.
    void remove(const RequestId& run) const noexcept;
    /// The same of a run without outputs.
    void remove_record(const RequestId& run) const noexcept;

    /// What lies there by its name: the runs that have a record, and all other names.
    struct Listing {
        std::vector<RequestId> runs;
        std::vector<std::string> others;
    };
    Result<Listing> list() const;
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

}  // namespace tailops::call
