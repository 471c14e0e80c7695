#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"
#include "gateway/store/call_keys.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tailops::store {

/// Where the audit trail stood when the database was last known to be ours. The trail tells of each
/// mark after the database has it, so that an older copy of either shows beside the other.
struct StateMark {
    std::string epoch;       // of one run of the daemon: 16 hex digits
    std::int64_t number{0};  // within the epoch, from 1
    std::uint64_t head_seq{0};
    std::string head_mac;  // 64 hex digits
    TimePoint written;
};

/// What the trail tells and an older database has forgotten.
struct ForgottenState {
    struct Revocation {
        std::string token;  // StoredToken::id
        TimePoint when;
    };
    std::vector<Revocation> revocations;
    std::vector<CallKeyReservation> keys;  // without a fingerprint: it is not known
};

/// How much of it was news to the database.
struct RestoredState {
    std::size_t revocations{0};
    std::size_t keys{0};
};

/// The database's own place in time (SqliteStore implements it). Calls block, and are safe from any
/// thread. Every call may answer busy or internal.
class StateMarks {
public:
    StateMarks() = default;
    StateMarks(const StateMarks&) = delete;
    StateMarks& operator=(const StateMarks&) = delete;
    virtual ~StateMarks() = default;

    /// The last mark; none in a database that is new, or of an earlier version.
    virtual Result<std::optional<StateMark>> last_mark() = 0;
    /// Replaces it.
    virtual Status set_mark(const StateMark& mark) = 0;
    /// Takes all of it in, or nothing. Tokens that are revoked and keys that are there stay as they
    /// are; nothing here is an event for the trail, which has it already.
    virtual Result<RestoredState> restore(const ForgottenState& forgotten) = 0;
    /// Whether the files that have the database's names are the ones that are open. Once they were
    /// not, they never are again. Errors: unavailable, and no other.
    virtual Status check_files() = 0;
};

/// The mark in the database at `path`, which nobody has open, without changing a thing; one that a
/// crash left in a -wal is not seen. Errors: unavailable (cannot be read, damaged, or a newer
/// gateway wrote it), internal.
Result<std::optional<StateMark>> mark_at_rest(const std::string& path);

}  // namespace tailops::store
