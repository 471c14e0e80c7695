#pragma once

#include "gateway/core/disk.hpp"
#include "gateway/core/secret.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace tailops::audit {

/// How a JsonlTrail keeps its files. Move-only because of the key.
struct TrailSettings {
    std::filesystem::path directory;  // made (0700) when missing; its parent must exist
    std::optional<Secret> key;        // absent: <directory>/audit.key, made at the first start
    std::uint64_t rotate_bytes{64 * 1024 * 1024};
    std::size_t files_max{64};  // the current one included; 2 to 512
    std::size_t queue_bytes_max{8 * 1024 * 1024};
    // Calls in flight whose outcome start-up would have to tell after a crash.
    std::size_t open_intents_max{8192};
    std::chrono::milliseconds flush_interval{
        500};  // a buffered record is written after it, at most
    std::chrono::milliseconds retry_interval{1000};  // while the trail cannot be written
    std::shared_ptr<Disk> disk{};                    // null: the machine's own. Tests make it fail.
};

/// One record by its place in the chain.
struct TrailHead {
    std::uint64_t seq{0};  // 0: there is none
    std::string mac{};     // 64 hex digits
};

/// What a JsonlTrail has done since it was opened.
struct TrailCounters {
    std::uint64_t records{0};  // of callers, written
    std::uint64_t batches{0};  // write(2) calls that carried them, about
    std::uint64_t syncs{0};    // fdatasync(2) calls
    std::uint64_t rotations{0};
    std::uint64_t refused{0};    // appends answered `unavailable`
    std::uint64_t recovered{0};  // calls of an earlier run, recorded as `unknown` at the start
    std::size_t queued{0};       // records that wait now
};

}  // namespace tailops::audit
