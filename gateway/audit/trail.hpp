#pragma once

#include "gateway/audit/record.hpp"

namespace tailops::audit {

/// Whether the caller must wait for the disk.
enum class Durability {
    buffered,  // on its way: written within a second, lost at most in a power failure
    durable,   // on stable storage when append returns
};

/// Where records go (audit/jsonl_trail.hpp is the one there is). Safe from any strand.
class Trail {
public:
    Trail() = default;
    Trail(const Trail&) = delete;
    Trail& operator=(const Trail&) = delete;
    virtual ~Trail() = default;

    /// The pipeline refuses to act when this fails. Not cancellable: a caller who hangs up may
    /// cancel the work, never its record.
    /// Errors: unavailable (the trail cannot be written).
    virtual Task<Status> append(Record record, Durability durability) = 0;

    /// Whether the last write succeeded: what /readyz says.
    virtual Status health() const = 0;
};

}  // namespace tailops::audit
