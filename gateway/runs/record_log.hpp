#pragma once

#include "gateway/runs/spool_files.hpp"

#include <functional>
#include <span>
#include <vector>

namespace tailops::runs {

/// The file in which the records of runs lie, a line each; of several about one run the last holds.
/// It grows at its end, so that a run costs no file of its own, and is written anew without the
/// lines that no longer hold. Calls block. One thread at a time.
class RecordLog {
public:
    /// A line without the newline after it.
    struct Place {
        std::uint64_t offset{0};
        std::uint64_t bytes{0};
    };
    using Show = std::function<void(std::string_view line, Place place)>;

    /// Errors: unavailable.
    static Result<RecordLog> open(const SpoolFiles& files);

    /// Shows every line from the first on, other than those longer than 1 MiB, and cuts off what a
    /// crash left of a last one. Errors: unavailable.
    Status read(const Show& show);

    /// Writes lines, each with its newline, at the end, all of them or none. Returns the offset of
    /// the first. Errors: unavailable.
    Result<std::uint64_t> append(std::string_view lines);

    /// Leaves only these lines, in this order, and tells where each is now. Errors: unavailable;
    /// then nothing has changed.
    Status keep_only(const SpoolFiles& files, std::span<Place> lines);

    std::uint64_t bytes() const noexcept { return bytes_; }

private:
    Result<std::vector<Place>> copy_to(RecordLog& next, std::span<const Place> lines) const;

    RecordLog(FileDescriptor file, std::uint64_t bytes) : file_{std::move(file)}, bytes_{bytes} {}

    FileDescriptor file_;
    std::uint64_t bytes_;
};

}  // namespace tailops::runs
