#pragma once

#include "gateway/audit/settings.hpp"
#include "gateway/audit/trail.hpp"

#include <memory>
#include <string_view>

namespace tailops::audit {

class Writer;

/// The trail as files of JSON lines in one directory, sealed by a keyed hash chain (docs/audit.md
/// has the format and what it proves).
///
/// One thread of its own writes; durable records of many callers share one fdatasync. A call whose
/// intent was written and whose outcome was not is answered for by the next start, as `unknown`.
/// While the disk refuses, append and health() fail with `unavailable`; each append, and the writer
/// once per `retry_interval`, tries again.
class JsonlTrail final : public Trail {
public:
    /// Takes the trail up where it ended: see recovery.hpp. `clock` outlives the trail.
    /// Errors: invalid_argument (settings), unavailable (cannot be written, another daemon holds
    /// it, or what is there does not continue: changed, or sealed with another key).
    static Result<std::unique_ptr<JsonlTrail>> open(TrailSettings settings, const Clock& clock);

    JsonlTrail(const JsonlTrail&) = delete;
    JsonlTrail& operator=(const JsonlTrail&) = delete;
    /// Writes what is queued and ends the file in order. Destroy it before the Runtime whose
    /// coroutines wait in it.
    ~JsonlTrail() override;

    /// A cancelled caller's record is written all the same: the wait cannot be cancelled. It is
    /// bounded by the disk alone.
    /// `durable` returns after fdatasync. `buffered` returns once the record is queued; it is kept
    /// and written as soon as the disk takes it. The outcome of an intent that was taken is queued
    /// also while the disk refuses, and when the queue is full. A durable outcome that the disk
    /// refuses is kept as well, though append fails; an intent is not, for its caller does not act.
    /// Errors: unavailable (the trail cannot be written, or its queue is full).
    Task<Status> append(Record record, Durability durability) override;

    /// Returns when everything that was appended before is on stable storage. Errors: unavailable.
    Task<Status> flush();

    /// Says something of this daemon beside its lock, for who asks read_lock_note(), until the next
    /// one takes the trail. Errors: unavailable.
    Status leave_lock_note(std::string_view text);

    Status health() const override;
    TrailCounters counters() const;
    /// The newest record that is on stable storage: it stays, whatever befalls us now.
    TrailHead head() const;

    /// Whether its key lay there when it was opened, and no record: a trail before this one is
    /// gone, or its daemon ended before the first. Unknown, and so false, of a key from elsewhere.
    bool lacks_its_past() const noexcept { return lacks_its_past_; }

private:
    JsonlTrail(std::unique_ptr<Writer> writer, const Clock& clock, bool lacks_its_past);

    std::unique_ptr<Writer> writer_;
    const Clock& clock_;
    const bool lacks_its_past_;
};

}  // namespace tailops::audit
