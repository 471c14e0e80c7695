#pragma once

#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tailops::audit {

/// What an earlier run left behind.
struct Recovered {
    ChainPosition position;            // where the chain goes on
    bool has_current{false};           // audit.jsonl holds records; else a new file is due
    std::uint64_t bytes{0};            // of audit.jsonl
    std::uint64_t first_seq{1};        // of audit.jsonl
    std::uint64_t torn_bytes{0};       // moved to audit.torn
    std::vector<std::string> intents;  // bodies of intents without outcome, oldest first
};

/// Finds where the chain goes on, moves a torn end (a crash in the middle of a write) to
/// audit.torn, and finds the calls whose outcome nobody recorded.
///
/// Reads the end of the newest file; the whole of it only when the last run did not stop in order.
/// Never more than one file, and in memory never more than the open intents and 16 MiB.
/// Errors: unavailable (cannot be read, sealed with another key, changed by another, or so damaged
/// that going on would hide it: `tailops audit verify` tells more).
Result<Recovered> recover(const Directory& directory, KeyedMac& mac);

}  // namespace tailops::audit
