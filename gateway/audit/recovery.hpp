#pragma once

#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/audit/trail_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tailops::audit {

/// What an earlier run left behind.
struct Recovered {
    ChainPosition position;            // where the chain goes on
    bool has_current{false};           // audit.jsonl holds records; else a new file is due
    TrailFile::Extent extent;          // of audit.jsonl
    std::uint64_t torn_bytes{0};       // moved to audit.torn
    std::vector<std::string> intents;  // bodies of intents without outcome, oldest first
    bool has_ended_in_order{true};     // with a `close` line; also when there was no run
    // The oldest record that the trail has, by its own word; 0: it does not say.
    std::uint64_t oldest_seq{0};
};

/// Whether recover() moves a torn end away, or only looks.
enum class Repair { torn_end, nothing };

/// Finds where the chain goes on, moves a torn end (a crash in the middle of a write) to
/// audit.torn, and finds the calls whose outcome nobody recorded.
///
/// Torn is what a crash leaves: the beginning of the line that was due, or bytes that the file
/// system never filled. A line that somebody changed is none.
///
/// Reads the end of the newest file; the whole of it only when the last run did not stop in order,
/// and of the one before it as well when it crashed as it began a file: its intents may not all
/// have been carried over. In memory never more than the open intents and 16 MiB.
/// Errors: unavailable (cannot be read, sealed with another key, changed by another, or so damaged
/// that going on would hide it: `tailops audit verify` tells more).
Result<Recovered> recover(const Directory& directory,
                          KeyedMac& mac,
                          Repair repair = Repair::torn_end);

}  // namespace tailops::audit
