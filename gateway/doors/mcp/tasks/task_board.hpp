#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/core/age_clock.hpp"
#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/tasks/running_turn.hpp"
#include "gateway/store/tasks.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tailops::mcp {

/// The tasks of this gateway: those kept in the store, and which of them run here (MCP tasks
/// extension io.modelcontextprotocol/tasks). The end of one that the store does not take stays here
/// until it does, and is what callers hear meanwhile. Safe from any strand.
class TaskBoard {
public:
    TaskBoard(const TaskSettings& settings, const Clock& clock, AgeClock::SteadySource steady)
        : settings_{settings},
          clock_{clock},
          ages_{clock, std::move(steady)}
    {
    }
    TaskBoard(const TaskBoard&) = delete;
    TaskBoard& operator=(const TaskBoard&) = delete;
    ~TaskBoard() = default;

    const TaskSettings& settings() const noexcept { return settings_; }

    /// Gives the task its id and times and keeps it: durable when it returns.
    /// Errors: busy (too many tasks).
    Task<Result<store::StoredTask>> insert(store::StoredTask task);
    /// Errors: not_found, also for another principal's.
    Task<Result<store::StoredTask>> find(std::string id, std::string principal);
    /// Reads the task, lets `edit` alter it and keeps it; nobody else of this process comes
    /// between. When `edit` returns false, or the task is over already, nothing is kept. Returns
    /// the task as it stands then, and whether it was altered. Errors: not_found, busy (what it
    /// came to last is not on the disk yet).
    struct Changed {
        store::StoredTask task;
        bool is_altered{false};
    };
    using Edit = std::function<bool(store::StoredTask&)>;
    Task<Result<Changed>> change(std::string id, std::string principal, Edit edit);

    /// The turn of a task that runs here, for `stop`.
    void add(const std::string& id, std::shared_ptr<RunningTurn> turn);
    /// The turn is over and this is how the task stands: what callers hear from now on. `keep_ends`
    /// brings it to the disk.
    void end(store::StoredTask& task);
    /// Returns when no end waits for the disk, or somebody else is at it. A disk that fails is
    /// tried again until it does not.
    Task<void> keep_ends();

    /// Makes a task count as running here before its turn begins, so that nobody takes it for one
    /// that runs nowhere.
    class Expected {
    public:
        Expected(TaskBoard& board, std::string id);
        Expected(const Expected&) = delete;
        Expected& operator=(const Expected&) = delete;
        ~Expected();

    private:
        TaskBoard& board_;
        const std::string id_;
    };
    bool runs(const std::string& id) const;
    /// False when it does not run here.
    bool stop(const std::string& id);
    void stop_all();
    /// Those that run here, and those whose end waits for the disk.
    std::size_t under_way() const;

private:
    struct Running {
        std::shared_ptr<RunningTurn> turn;       // null once it is over
        std::optional<store::StoredTask> end{};  // waits for the disk
    };
    std::optional<store::StoredTask> waiting_end(std::string_view id,
                                                 std::string_view principal) const;
    std::optional<store::StoredTask> next_end(std::string_view last);
    Result<bool> keep_end_of(const std::string& id);
    void note_times(store::StoredTask& task) const;

    const TaskSettings settings_;
    const Clock& clock_;
    const AgeClock ages_;
    std::mutex editing_;  // held on a blocking thread only
    mutable std::mutex mutex_;
    std::map<std::string, Running, std::less<>> running_;
    std::multiset<std::string, std::less<>> expected_;
    bool is_keeping_{false};
};

/// The task as the protocol writes it: one JSON object. `outcome`: with its inputRequests, result
/// or error, as tasks/get and notifications/tasks show it; a CreateTaskResult has none.
enum class TaskDetail { state, outcome };
std::string task_json(const store::StoredTask& task, TaskDetail detail);

/// Lets `turn` go on as a task of `asked`, a call of the tool that `subject` names, with what
/// `caller` has learnt so far; answers with the task. One that runs already and finds the board
/// full goes on as the call that it was.
Task<TaskOrTurn> begin_task(
    Protocol& protocol, const Asked& asked, Subject subject, Turn turn, const McpCaller& caller);

/// Runs the next turn of a task whose questions are answered, with the rights of `asked`.
Task<void> resume_task(Protocol& protocol, const Asked& asked, store::StoredTask task);

/// The -32021 answer to a client that uses tasks without declaring the extension, if that is so.
std::optional<Answer> tasks_undeclared(const Protocol& protocol, const Asked& asked);

/// The handling of a tool call, for a first turn or a later one (tools.cpp).
Handling tool_handling(Protocol& protocol, std::string tool, JsonPart arguments);

}  // namespace tailops::mcp
