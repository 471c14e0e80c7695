#pragma once

#include "gateway/audit/encoding.hpp"
#include "gateway/core/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace tailops::audit {

/// What is wrong at one place of a trail.
struct Problem {
    enum class Kind {
        unreadable,     // a line that is no record
        torn,           // the last line is cut off
        mac_wrong,      // a record was changed after it was written
        gap,            // records are missing
        chain_broken,   // records out of order, or from another chain
        wrong_key,      // sealed with a key that is not the one given
        missing_files,  // the chain begins after its beginning and no retention record says why
        anchor_missed,  // the trail does not hold the record that was noted down elsewhere
        no_outcome,     // an intent of an earlier run, and nobody said what came of it
        alarm,          // the gateway itself recorded that evidence is gone or was changed
    };
    Kind kind{Kind::unreadable};
    std::string file;
    std::uint64_t line{0};  // from 1; 0: the file as a whole
    std::string text;       // one clause

    /// "audit.jsonl:12: gap: ...".
    std::string describe() const;
};
std::string_view to_string(Problem::Kind) noexcept;

/// One end of the chain: what to write down elsewhere to be able to prove later that nothing before
/// it was changed or cut off.
struct Anchor {
    std::uint64_t seq{0};
    std::string mac;  // 64 hex digits
};

/// What verify() found.
struct Report {
    std::size_t files{0};
    std::uint64_t records{0};
    std::uint64_t first_seq{0};
    std::uint64_t last_seq{0};
    std::string first_time;  // RFC 3339
    std::string last_time;
    Anchor head;                    // the last record
    std::vector<Problem> problems;  // the first 100
    std::uint64_t problem_count{0};
    std::vector<std::string> notes;  // worth knowing, nothing wrong
    bool is_live{false};             // a daemon was writing meanwhile

    bool is_sound() const noexcept { return problem_count == 0; }
};

/// What verify() is told.
struct Expectation {
    std::optional<Anchor> anchor{};     // a head noted down earlier, which must still be there
    std::uint64_t acknowledged_seq{0};  // alarms up to this record are known: notes, no problems
};

/// Walks the whole chain: every mac, every link, every number. Works while a daemon writes, and
/// then covers what was written before it began. Blocking; one buffer of memory. Safe from any
/// thread. Errors: not_found (no trail), unavailable (cannot be read). A broken trail is a report,
/// no error.
Result<Report> verify(const std::filesystem::path& directory,
                      const Secret& key,
                      const Expectation& expected = {});

/// What the next start would find, without changing a thing.
struct Examination {
    bool is_live{false};  // a daemon writes it now: nothing else was looked at
    bool has_ended_in_order{true};
    std::uint64_t torn_bytes{0};
    std::uint64_t head_seq{0};         // of the newest record
    std::size_t open_calls{0};         // whose outcome it would record as unknown
    std::vector<std::string> losses;   // each a clause: records that are gone
    std::vector<std::string> strange;  // each a clause: files that are none of the trail
};
/// Reads the ends of each file, and all of the newest after a crash. Without a `key` the one that
/// lies with the trail counts. Blocking. Errors: not_found (no trail), unavailable (cannot be read,
/// its key is missing, or a start would refuse it).
Result<Examination> examine(const std::filesystem::path& directory,
                            const std::optional<Secret>& key = {});

/// What the daemon that holds the trail now said of itself; empty: none does, it said nothing, or
/// the directory cannot be read.
std::string note_of_daemon(const std::filesystem::path& directory);

/// The key that lies with the trail (audit.key). Errors: not_found, unavailable.
Result<Secret> read_trail_key(const std::filesystem::path& directory);

/// Which records are wanted; what is not set asks for nothing.
struct Filter {
    std::optional<std::string> request{};
    std::optional<std::string> trace{};
    std::optional<std::string> subject{};  // the key (issuer|sub) or the name
    std::optional<std::string> tool{};
    std::optional<std::string> target{};
    std::optional<std::string> outcome{};
    std::optional<policy::Effect> effect{};
    std::optional<TimePoint> since{};  // inclusive
    std::optional<TimePoint> until{};  // exclusive
};

struct Query {
    Filter filter{};
    std::size_t limit{100};
    enum class Order { oldest_first, newest_first };
    Order order{Order::newest_first};
    /// Of the trail, about; what lies further on is not looked at.
    std::uint64_t bytes_max{std::numeric_limits<std::uint64_t>::max()};
    std::stop_token stop{};  // looked at between two lines
};

/// What a query came to.
struct Found {
    std::size_t count{0};
    bool is_whole{true};  // false: `bytes_max` ended it, and there may be more
};

/// Gives the matching records (intents, outcomes, events; not the trail's own lines) to `each`
/// until it says false or the limit is reached. Newest first reads from the end: the last few
/// records of a large trail cost no more than those of a small one. Blocking; one buffer of memory;
/// checks no macs. Errors: not_found (no trail), unavailable, cancelled (a stop was requested).
Result<Found> query(const std::filesystem::path& directory,
                    const Query& query,
                    const std::function<bool(const StoredRecord&)>& each);

/// Gives every record from the newest back to number `down_to` to `each`, until it says false. The
/// views of a Frame are valid during that call. Otherwise as query().
Status read_back(const std::filesystem::path& directory,
                 std::uint64_t down_to,
                 const std::function<bool(const Frame&)>& each);

}  // namespace tailops::audit
