#pragma once

#include "gateway/audit/encoding.hpp"
#include "gateway/core/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
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

/// Walks the whole chain: every mac, every link, every number. Works while a daemon writes, and
/// then covers what was written before it began. Blocking; one buffer of memory. Safe from any
/// thread. `anchor`: a head noted down earlier, which must still be there. Errors: not_found (no
/// trail), unavailable (cannot be read). A broken trail is a report, no error.
Result<Report> verify(const std::filesystem::path& directory,
                      const Secret& key,
                      const std::optional<Anchor>& anchor = std::nullopt);

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
};

/// Gives the matching records (intents, outcomes, events; not the trail's own lines) to `each`
/// until it says false or the limit is reached. Newest first reads from the end: the last few
/// records of a large trail cost no more than those of a small one. Blocking; one buffer of memory;
/// checks no macs. Returns how many there were. Errors: not_found (no trail), unavailable.
Result<std::size_t> query(const std::filesystem::path& directory,
                          const Query& query,
                          const std::function<bool(const StoredRecord&)>& each);

}  // namespace tailops::audit
