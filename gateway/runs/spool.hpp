#pragma once

#include "gateway/core/age_clock.hpp"
#include "gateway/runs/record_log.hpp"
#include "gateway/runs/run_record.hpp"
#include "gateway/runs/spool_files.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace tailops::runs {

class SpoolWriter;  // gateway/runs/spool_writer.hpp

struct SpoolSettings {
    std::filesystem::path folder;  // made when missing; the one above it must exist
    std::uint64_t run_bytes_max{16 * 1024 * 1024};     // of both streams of a run
    std::uint64_t total_bytes_max{256 * 1024 * 1024};  // with records; then the oldest runs go
    std::chrono::seconds age_max{24 * 3600};           // from a run's start, whatever clocks do
};

/// Keeps on the disk what targets wrote and results have no room for, within bounds, and the
/// records of runs that outlive the daemon. Runs of whoever has most make room for new ones, the
/// oldest first and those that only looked before those that changed something; a run whose output
/// is coming in never does, and nobody's outputs that come in take more than half of the room.
///
/// Safe from any thread. Functions that touch the disk say so and belong on the blocking pool.
class Spool : public std::enable_shared_from_this<Spool> {
public:
    /// Opens the folder and takes stock: what is too old, torn or belongs to nobody is removed; a
    /// run that an earlier daemon left running is now unknown. Blocks. `blocking` must outlive the
    /// spool. Errors: unavailable.
    static Result<std::shared_ptr<Spool>> open(SpoolSettings settings,
                                               AgeClock ages,
                                               boost::asio::thread_pool& blocking);
    Spool(SpoolSettings settings,
          SpoolFiles files,
          RecordLog records,
          AgeClock ages,
          boost::asio::thread_pool& blocking);
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    ~Spool() = default;

    /// The records that `open` found, oldest first; once.
    std::vector<RunRecord> take_found();

    /// A sink for the output of one run, which puts the record beside it with the first byte. See
    /// Plan::rest_begins_after.
    std::shared_ptr<SpoolWriter> writer(RunRecord record, std::string begins_after);

    /// Has the record written on the blocking pool, with all that wait by then; a later one of the
    /// run stands for one that still waits, and of a run that has ended, none that says that it
    /// runs is written any more. A failure is logged: nothing depends on it.
    void save(RunRecord record);
    /// The same, now. Blocks. Errors: unavailable.
    Status save_now(const RunRecord& record);

    /// Blocks. Errors: not_found (dropped meanwhile), unavailable.
    Result<FileDescriptor> open_stream(const RequestId& run, targets::OutputStream stream) const;

    /// Removes what is older than it may become. Blocks.
    void drop_old();

    boost::asio::thread_pool& blocking() const noexcept { return blocking_; }
    const SpoolSettings& settings() const noexcept { return settings_; }
    std::uint64_t total_bytes() const;

private:
    friend class SpoolWriter;

    struct Entry {
        TimePoint since{};  // by `ages_`
        std::string owner;
        bool is_change{false};
        std::uint64_t output_bytes{0};
        RecordLog::Place record;
        bool is_coming_in{false};
        bool has_ended{false};
    };
    using Entries = std::map<RequestId, Entry>;

    Status take_stock();
    void take_in(RunRecord record);
    void save_pending();
    Status write(std::span<const RunRecord> records);
    /// Makes room; false: what is known of the run says more than this record.
    Result<bool> admit(const RunRecord& record, std::uint64_t bytes);
    void set_record(Entry& entry, RecordLog::Place place);
    bool has_many_outdated_records() const;
    void forget_outdated_records();
    /// The entry of the record's run, made when there is none.
    Entry& entry_of(const RunRecord& record);
    /// The runs that may go, other than `keep`, in the order in which they would, by their owner.
    std::map<std::string, std::deque<Entries::iterator>> going(const RequestId& keep);
    void drop(Entries::iterator at);
    /// What tells that runs went and have not come back; told once it is on the disk.
    struct Gone {
        std::vector<RequestId> runs;
        std::string lines;
    };
    Gone gone() const;
    void forget_gone(const std::vector<RequestId>& told);
    void record_gone();
    bool make_room(const RequestId& run, std::uint64_t bytes);

    // For the writers. Room on the disk for further bytes of a run; blocks.
    bool take_room(const RunRecord& record, std::uint64_t bytes);
    void end_of_input(const RequestId& run);
    /// Room in memory for bytes that wait for the disk.
    bool take_memory(std::size_t bytes) noexcept;
    void give_memory_back(std::size_t bytes) noexcept;

    const SpoolSettings settings_;
    const SpoolFiles files_;
    RecordLog records_;
    const AgeClock ages_;
    boost::asio::thread_pool& blocking_;
    std::vector<RunRecord> found_;
    std::atomic<std::size_t> waiting_bytes_{0};
    std::mutex records_mutex_;  // of records_; taken before mutex_
    mutable std::mutex mutex_;
    Entries entries_;
    std::map<RequestId, RunRecord> pending_;  // on their way to the disk
    bool is_saving_{false};                   // a task on the blocking pool takes them
    std::set<RequestId> gone_;                // dropped, and their records may still stand
    std::map<std::string, std::uint64_t> coming_bytes_;  // of outputs that come in, by owner
    std::uint64_t total_bytes_{0};
    std::uint64_t record_bytes_{0};  // of the records that hold, in the total
};

}  // namespace tailops::runs
