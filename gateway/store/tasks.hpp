#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tailops::store {

/// A tool call that outlives the request that began it, as it is kept: what the tasks extension of
/// MCP (SEP-2663) asks a server to remember. The texts of the protocol are opaque here.
struct StoredTask {
    /// The three after `input_required` are final: nothing changes such a task any more.
    enum class Status { working, input_required, completed, failed, cancelled };

    std::string id;           // unguessable; the caller's handle
    std::string principal;    // Identity::key() of who made it; nobody else finds it
    std::string method_name;  // the tool
    std::string arguments;    // JSON text
    std::string context;      // JSON text of the protocol layer
    std::string run;          // request id of the call in the trail; empty until it began
    Status status{Status::working};
    std::string status_message;  // for the caller; may be empty
    TimePoint created;
    TimePoint updated;
    std::optional<std::chrono::milliseconds> ttl;  // of what is over or waits; none: for good
    std::optional<TimePoint> expires{};            // then it may be forgotten; none: not as it is
    std::chrono::milliseconds poll_interval{0};
    std::string input_requests;  // JSON object as text; empty: none outstanding
    std::string result;          // JSON text; empty: none
    std::string error;           // JSON text of a JSON-RPC error object; empty: none
};

/// "working", "input_required", ...: the words of the protocol and of the table.
std::string_view to_string(StoredTask::Status) noexcept;
/// Whether a task of this status is over.
constexpr bool is_final(StoredTask::Status status) noexcept
{
    return status != StoredTask::Status::working && status != StoredTask::Status::input_required;
}

/// How many tasks may be kept, the finished ones included until they expire.
struct TaskBounds {
    std::size_t tasks_max{1024};
    std::size_t tasks_max_per_principal{64};
    std::optional<TimePoint> now{};  // tasks that are expired then make room; none: no task does
};

struct TaskCount {
    std::size_t of_principal{0};
    std::size_t total{0};
};

/// Where tasks are kept (SqliteStore implements it). Calls block: reach them through
/// `run_blocking`. Safe from any thread; several processes may share one store. A change has
/// reached the disk when its call returns. Every call may also answer busy (another process holds
/// the file longer than the busy timeout) or internal.
class TaskStore {
public:
    TaskStore() = default;
    TaskStore(const TaskStore&) = delete;
    TaskStore& operator=(const TaskStore&) = delete;
    virtual ~TaskStore() = default;

    /// Counts and inserts as one step, after dropping what is expired at `bounds.now`.
    /// Errors: busy (a bound is reached; the message says which), invalid_argument (the id is
    /// there).
    virtual Status insert(const StoredTask& task, const TaskBounds& bounds) = 0;
    /// None when there is no such task, and when it is another principal's.
    virtual Result<std::optional<StoredTask>> find(const std::string& id,
                                                   const std::string& principal) = 0;
    /// Writes everything that can change: all but id, principal, method_name, arguments, created.
    /// True when it did; false, and nothing written, when the stored task is final or gone.
    virtual Result<bool> update(const StoredTask& task) = 0;
    /// The same, only while the stored task has the status `expected`: of two that race to answer a
    /// question or to cancel, one gets true.
    virtual Result<bool> update_if(const StoredTask& task, StoredTask::Status expected) = 0;
    /// The tasks that are not final, oldest first. For start-up.
    virtual Result<std::vector<StoredTask>> list_unfinished() = 0;
    /// For start-up of the only process that runs tasks: those left `working` become `failed`, with
    /// "MESSAGE (run RUN)" as status message and in an error object of code -32603 (JSON-RPC 2.0
    /// section 5.1, internal error), and expire as what ends at `now` does. Those in
    /// `input_required` stay. Returns how many failed.
    virtual Result<std::size_t> fail_working(TimePoint now, const std::string& message) = 0;
    /// Forgets tasks that are expired at `now`, and those that a clock which was ahead has dated
    /// after it. Never one that works. Returns how many.
    virtual Result<std::size_t> drop_expired(TimePoint now) = 0;
    virtual Result<TaskCount> count(const std::string& principal) = 0;
};

}  // namespace tailops::store
