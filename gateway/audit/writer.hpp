#pragma once

#include "gateway/audit/open_intents.hpp"
#include "gateway/audit/recovery.hpp"
#include "gateway/audit/settings.hpp"
#include "gateway/audit/shelf.hpp"
#include "gateway/audit/trail_file.hpp"
#include "gateway/audit/waiter.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tailops::audit {

/// One record on its way to the disk.
struct Submission {
    enum class Mark { none, opens, closes };  // what it says of the call `request`
    std::string body{};                       // empty: nothing to write, only to wait for
    std::string request{};
    std::string caller{};  // whose call it is; empty: of the gateway itself
    Mark mark{Mark::none};
    // Written later when the disk refuses it now: its caller was told that it will be, or it is an
    // outcome, which is true whether or not it can be written.
    bool is_kept{false};
    Waiter waiter{};
};

/// The one thread that writes a trail: collects what callers submit, writes it with one write(2),
/// makes it durable with one fdatasync(2), then tells those who wait.
///
/// submit(), try_queue(), health(), head() and counters() are safe from any thread. Destruction
/// writes what is queued (one attempt), tells those who still wait, and ends the file in order.
class Writer {
public:
    /// What the writer takes over. `settings.directory` is open as `directory`.
    struct Opened {
        TrailSettings settings;
        Directory directory;
        FileDescriptor lock;
        KeyedMac mac;
        Recovered recovered;
    };

    /// Begins a file when there is none to go on with. Errors: unavailable.
    static Result<std::unique_ptr<Writer>> start(Opened opened, const Clock& clock);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    /// Queues a record that somebody waits for. A full queue is told to the waiter at once.
    void submit(Submission submission);

    /// Queues a record that nobody waits for. `failing`: the trail cannot be written now; submit it
    /// instead, to learn whether it can again. `full`: see full(). Only with `queued` is the
    /// submission taken. The outcome of an intent that was taken always is: the effect happened,
    /// and the intents bound how many there can be.
    enum class Queued { queued, full, failing };
    Queued try_queue(Submission& submission);
    /// What a caller is told for whom there is no room: nobody may have more than a quarter of the
    /// queue, so that one caller's records on a slow disk leave room for those of others.
    static Status full();

    /// See JsonlTrail.
    Status leave_lock_note(std::string_view text) const;

    Status health() const;
    TrailCounters counters() const;
    /// The newest record that is on stable storage.
    TrailHead head() const;

private:
    using Batch = std::vector<Submission>;
    using Lock = std::unique_lock<std::mutex>;

    Writer(Opened opened, const Clock& clock);
    Status begin();
    void record_recovery();

    void run();
    Batch take_batch();
    void await_work(Lock& lock);
    void enqueue(Submission submission);
    bool has_room(const Submission& submission) const;
    void count(const Submission& submission);
    Batch empty_queue();
    /// Whether it is the outcome of an intent that was taken.
    bool is_owed(const Submission& submission) const;

    enum class Sync { when_awaited, always };
    Status write(const Batch& batch, Sync sync = Sync::when_awaited);
    void conclude(Batch batch, Status written);
    void keep_for_later(Batch& batch);
    void note_open_intents(Batch& batch);
    void note_health(const Status& written);
    void note_durable();
    void abandon_queue();
    Status rotate();
    void retain();
    Status drop_oldest();
    Status append_and_sync(std::string_view body);
    void close();

    const TrailSettings settings_;
    const Clock& clock_;
    const Directory directory_;
    const FileDescriptor lock_;

    // The writer's thread alone (and start(), before there is one):
    KeyedMac mac_;
    Recovered recovered_;
    ChainPosition position_;
    std::optional<TrailFile> file_;
    Shelf shelf_;
    std::vector<Loss> losses_;     // found at the start
    std::uint64_t oldest_seq_{1};  // where the trail begins by now
    OpenIntents open_;
    std::string lines_;
    bool is_at_rest_{true};                  // nothing written since an orderly end
    std::optional<std::size_t> recovering_;  // unknown outcomes that are not written yet
    std::chrono::steady_clock::duration last_sync_{};

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable ready_;
    Batch queue_;
    std::size_t queue_bytes_{0};
    std::unordered_map<std::string, std::size_t> bytes_of_;  // of the queue: by caller
    std::size_t waiting_{0};                                 // of the queue: those with a waiter
    std::size_t wake_at_{1};   // as many waiting callers wake the thread
    std::size_t expected_{0};  // callers that were around when the last batch ended
    std::optional<Error> failure_;
    std::unordered_set<std::string> owed_;  // intents that were taken, and no outcome yet
    TrailCounters counters_;
    TrailHead durable_head_;
    bool is_stopping_{false};

    std::jthread thread_;  // last: joined before anything it uses goes
};

}  // namespace tailops::audit
