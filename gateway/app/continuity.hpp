#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/audit/jsonl_trail.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/store/state_marks.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::app {

/// Holds the database and the audit trail against each other, so that an older copy of either, or
/// none, is noticed beside the other.
///
/// Once a minute in which the trail grew, and at the end, a mark is left: first in the database,
/// with the newest record that the trail has for good, then in the trail. A database that knows a
/// record which the trail lacks has outlived a cut; a trail with a mark behind the database's own
/// has outlived a rollback, and then gives back what it knows.
///
/// Belongs to one strand; everything it is given outlives it.
class Continuity {
public:
    struct Ends {
        store::StateMarks& marks;
        audit::JsonlTrail& trail;
        std::filesystem::path trail_folder;
        boost::asio::thread_pool& blocking;
        const Clock& clock;
        // Older keys may be used again anyway; those without an outcome are kept 25 h at least.
        std::chrono::seconds keys_retention{25 * 3600};
    };
    explicit Continuity(Ends ends);

    /// Compares, before anything is served, and puts the database on the safe side: tokens whose
    /// revocation stands in the trail are revoked, and keys that were used after the database's
    /// time answer that their outcome is unknown. Blocks. Errors: those of the store and of reading
    /// the trail.
    Status compare();

    /// Records what compare() found, and leaves a mark if the trail has grown. Errors: those of the
    /// trail and the store; what was not recorded is by the next one.
    Task<Status> mark();
    /// The same; a failure is logged, once until it goes well again.
    Task<void> mark_or_log();
    /// Looks whether the database's files were replaced under us. The first time that they were is
    /// logged, and an alarm in the trail.
    Task<void> look_at_files();
    /// Does so every `interval`, for as long as its strand runs.
    Task<void> watch_files(std::chrono::milliseconds interval = std::chrono::seconds{1});
    /// Marks every `interval`, for as long as its strand runs.
    Task<void> run(std::chrono::milliseconds interval = std::chrono::minutes{1});

    struct Seen;  // what the trail tells from the database's time on

private:
    void judge(const Seen& seen);
    void find(std::string_view outcome, std::string text);
    Task<Status> record_findings();
    Task<void> mark_trail();

    Ends ends_;
    const std::string epoch_;
    std::int64_t number_{0};
    std::uint64_t marked_seq_{0};  // where the trail stood after the last mark
    const std::shared_ptr<bool> is_marking_{std::make_shared<bool>(false)};
    bool is_failing_{false};
    bool is_rolled_back_{false};
    bool is_replaced_{false};
    std::vector<audit::Record> findings_;  // not in the trail yet
};

/// What the mark of a database says of a trail that ends with record `head_seq`, and the trail
/// lacks: one clause, which Continuity would raise as an alarm; none: all is there. Blocks. Errors:
/// those of reading the trail.
Result<std::optional<std::string>> find_cut(const store::StateMark& known,
                                            std::uint64_t head_seq,
                                            const std::filesystem::path& trail_folder);

}  // namespace tailops::app
