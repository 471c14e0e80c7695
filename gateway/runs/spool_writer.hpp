#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/runs/spool.hpp"
#include "targets/output.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <string>

namespace tailops::runs {

/// What came of keeping a run's output.
struct Kept {
    struct Stream {
        std::uint64_t bytes{0};          // on the disk
        std::uint64_t lines{0};          // in them
        std::uint64_t skipped_bytes{0};  // before the beginning
        std::uint64_t skipped_lines{0};
    };
    Stream output;
    Stream diagnostics;
    std::string not_kept;  // why the end is missing, for the caller; empty: nothing is
};

/// The sink of one run: takes bytes from the strand that the operation runs on, and has them
/// written on the blocking pool. What cannot be kept is told, and stops no call.
class SpoolWriter final : public targets::OutputSink,
                          public std::enable_shared_from_this<SpoolWriter> {
public:
    SpoolWriter(std::shared_ptr<Spool> spool, RunRecord record, std::string begins_after);
    SpoolWriter(const SpoolWriter&) = delete;
    SpoolWriter& operator=(const SpoolWriter&) = delete;
    ~SpoolWriter() override;

    Wants write(targets::OutputStream stream, std::string_view bytes) override;

    /// Whether any byte came: most runs fit into their results.
    bool has_begun() const;
    /// What is on the disk by now.
    Kept kept() const;
    /// Waits until all that came is on the disk, and closes the files. Once, after the last write.
    /// Not to be cancelled.
    Task<Kept> settle();

private:
    static constexpr std::size_t streams = 2;

    std::string_view after_the_beginning(std::string_view bytes);
    void flush();
    void put(std::size_t stream, std::string_view bytes);
    bool open_files(std::size_t stream);
    void give_up(std::string why);
    bool has_given_up() const;

    const std::shared_ptr<Spool> spool_;
    const RunRecord record_;
    const std::string begins_after_;
    std::string before_;  // what came before the beginning, as long as it may follow
    bool has_beginning_{false};

    std::mutex files_mutex_;  // held while the disk is at work; taken before mutex_
    std::array<FileDescriptor, streams> files_;
    bool has_record_{false};

    mutable std::mutex mutex_;
    std::array<std::string, streams> waiting_;  // for the disk
    std::uint64_t accepted_bytes_{0};
    bool is_flushing_{false};
    bool has_begun_{false};
    bool has_failed_{false};  // the disk: what came after is lost
    Kept kept_;
};

}  // namespace tailops::runs
