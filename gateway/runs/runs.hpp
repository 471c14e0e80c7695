#pragma once

#include "gateway/async/shares.hpp"
#include "gateway/runs/spool_writer.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace tailops::runs {

/// One call about a target while it goes on. Belongs to its call; what others see of it goes
/// through Runs.
class Run {
public:
    Run(RunRecord record, std::shared_ptr<Spool> spool);
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() = default;

    /// The sink for output that the result has no room for; null when nothing is kept at all. See
    /// Plan::rest_begins_after. At most once, before the operation begins.
    std::shared_ptr<targets::OutputSink> keep_output(std::string_view begins_after);

private:
    friend class Runs;
    RunRecord snapshot() const;

    const std::shared_ptr<Spool> spool_;
    mutable std::mutex mutex_;
    RunRecord record_;
    std::shared_ptr<SpoolWriter> writer_;  // null when nothing is kept, and once it is settled
};

/// What a call answered, for the book.
using RunResult = Result<std::shared_ptr<const nlohmann::json>>;

/// Bounds of all runs together. Whoever has most makes room.
struct RunsSettings {
    std::size_t runs_max{1000};
    std::size_t result_bytes_max{16 * 1024 * 1024};  // of all results together, about
    std::size_t readings_max{4};  // of one reader at once, those that wait among them
    boost::asio::thread_pool* reading{nullptr};  // where outputs are read; null: with the spool
};

/// The book of runs: every call about a target of the recent past, so that a caller who went away
/// can come back for its result, and the outputs that lie in the spool. After a restart it knows
/// what the spool knows: runs that changed something, and those whose output was kept.
///
/// Room for what is new is made by whoever has most in the book, with what only looked before what
/// changed something, and never with what still runs.
///
/// A run's id is no secret and may be guessed. Who may look at a run is decided by `MayRead` each
/// time: for others there is no such run. Safe from any strand.
class Runs {
public:
    using MayRead = std::function<bool(const RunRecord&)>;

    /// `spool` may be null: then nothing outlives the daemon, and no output is kept.
    explicit Runs(std::shared_ptr<Spool> spool = nullptr, RunsSettings settings = {});

    /// Enters a run that begins now. It is on the disk, if it is of those that go there, soon.
    std::shared_ptr<Run> begin(RunRecord record);

    /// Waits until the run's output is on the disk. `result` is the operation's, which has ended.
    /// Not to be cancelled.
    Task<void> settle(Run& run, const Result<targets::ExecutionResult>& result);
    /// Adds `run_id`, `read_more` and `not_kept` to the content of a result that was cut.
    void tell(const Run& run, nlohmann::json& content) const;

    /// Enters how a run ended. An error is an outcome of its own; a result is `outcome`.
    void finish(Run& run,
                TimePoint ended,
                const RunResult& result,
                CallOutcome outcome = CallOutcome::ok);

    /// Errors: not_found.
    Result<tools::RunView> find(const RequestId& id, const MayRead& may_read) const;

    /// Those that are not over, oldest first.
    std::vector<tools::RunView> under_way() const;

    /// Those that this reader may look at, newest first.
    std::vector<tools::RunView> newest(std::size_t runs_max, const MayRead& may_read) const;

    /// A part of a run's output, also while it runs. Errors: not_found (no such run for this
    /// reader, nothing kept, or dropped since), invalid_argument (the pattern), cancelled,
    /// unavailable, busy (`reader` has too many readings under way).
    Task<Result<tools::OutputPage>> read(tools::OutputQuestion question,
                                         MayRead may_read,
                                         std::string reader) const;

    /// How many results the book remembers to forget: never more than twice `runs_max`, and one.
    std::size_t noted_results() const;

    /// Removes outputs that are too old. Blocks.
    void drop_old();

private:
    std::shared_ptr<Run> lookup(const RequestId& id) const;
    void make_room();

    struct Booked {
        std::shared_ptr<Run> run;
        std::string owner{};
        bool is_change{false};
        bool has_ended{false};
        std::size_t result_bytes{0};
    };
    struct Share {
        std::size_t runs{0};
        std::size_t changes{0};
        std::size_t result_bytes{0};
    };
    using Order = std::deque<RequestId>;
    void enter(std::shared_ptr<Run> run, bool has_ended);
    void set_result_bytes(Booked& booked, std::size_t bytes);
    Order::iterator next_to_go();
    void drop(Order::iterator at);

    const std::shared_ptr<Spool> spool_;
    const RunsSettings settings_;
    mutable Shares readings_;
    mutable std::mutex mutex_;
    std::map<RequestId, Booked> runs_;
    std::map<std::string, Share> shares_;  // of runs_, by owner
    Order order_;                          // oldest first
    std::deque<RequestId> results_;        // oldest first: those whose result is kept
    std::size_t result_bytes_{0};
};

}  // namespace tailops::runs
