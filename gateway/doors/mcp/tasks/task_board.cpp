#include "gateway/doors/mcp/tasks/task_board.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;

// More than can be guessed: the id is the handle to a principal's results.
constexpr std::size_t id_bytes = 24;
// 31 years: what is kept for longer is kept for that long.
constexpr std::chrono::milliseconds ttl_max{1'000'000'000'000};
// A disk that is full, or a database that somebody holds: the first try comes soon, the next ones
// leave the threads to others.
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{2000};

/// Who waits for a database that is held keeps others from reading it: so mostly it does not.
std::chrono::steady_clock::duration pause_after(std::chrono::milliseconds pause,
                                                std::chrono::steady_clock::duration tried_for)
{
    return std::max<std::chrono::steady_clock::duration>(pause, 2 * tried_for);
}

std::unexpected<Error> no_such_task()
{
    return fail(Errc::not_found, "there is no such task for you");
}

}  // namespace

Task<Result<store::StoredTask>> TaskBoard::insert(store::StoredTask task)
{
    task.id = to_base64url(random_bytes(id_bytes));
    task.created = clock_.now();
    note_times(task);
    const store::TaskBounds bounds{.tasks_max = settings_.tasks_max,
                                   .tasks_max_per_principal = settings_.per_principal_max,
                                   .now = ages_.now()};
    auto kept = co_await run_blocking(settings_.blocking,
                                      [&store = settings_.store, &task, bounds](std::stop_token) {
                                          return store.insert(task, bounds);
                                      });
    if (!kept) co_return fail(std::move(kept).error());
    co_return task;
}

/// A task that works has no end yet from which its time could count.
void TaskBoard::note_times(store::StoredTask& task) const
{
    task.updated = clock_.now();
    task.expires.reset();
    if (!task.ttl || task.status == store::StoredTask::Status::working) return;
    task.expires = ages_.now() + std::min(*task.ttl, ttl_max);
}

Task<Result<store::StoredTask>> TaskBoard::find(std::string id, std::string principal)
{
    if (auto end = waiting_end(id, principal)) co_return *std::move(end);
    auto found = co_await run_blocking(
        settings_.blocking, [&store = settings_.store, &id, &principal](std::stop_token) {
            return store.find(id, principal);
        });
    if (!found) co_return fail(std::move(found).error());
    if (!*found) co_return no_such_task();
    co_return **std::move(found);
}

Task<Result<TaskBoard::Changed>> TaskBoard::change(std::string id, std::string principal, Edit edit)
{
    const auto work = [this, &id, &principal, &edit](std::stop_token) -> Result<Changed> {
        const std::scoped_lock lock{editing_};
        if (auto end = waiting_end(id, principal)) {
            if (store::is_final(end->status)) return Changed{.task = *std::move(end)};
            // Its question is heard of already, and mostly stored within a moment.
            if (!keep_end_of(id)) {
                return fail(Errc::busy,
                            "what the task came to cannot be stored just now; try again");
            }
        }
        TAILOPS_TRY(auto found, settings_.store.find(id, principal));
        if (!found) return no_such_task();
        Changed changed{.task = *std::move(found)};
        const auto before = changed.task.status;
        if (store::is_final(before) || !edit(changed.task)) return changed;
        note_times(changed.task);
        TAILOPS_TRY(changed.is_altered, settings_.store.update_if(changed.task, before));
        return changed;
    };
    co_return co_await run_blocking(settings_.blocking, work);
}

void TaskBoard::add(const std::string& id, std::shared_ptr<RunningTurn> turn)
{
    const std::scoped_lock lock{mutex_};
    running_.insert_or_assign(id, Running{.turn = std::move(turn)});
}

void TaskBoard::end(store::StoredTask& task)
{
    note_times(task);
    const std::scoped_lock lock{mutex_};
    running_.insert_or_assign(task.id, Running{.turn = nullptr, .end = task});
}

std::optional<store::StoredTask> TaskBoard::waiting_end(std::string_view id,
                                                        std::string_view principal) const
{
    const std::scoped_lock lock{mutex_};
    const auto at = running_.find(id);
    if (at == running_.end() || !at->second.end) return std::nullopt;
    if (at->second.end->principal != principal) return std::nullopt;
    return at->second.end;
}

/// False: the store had no such task at work. With `editing_` held.
Result<bool> TaskBoard::keep_end_of(const std::string& id)
{
    store::StoredTask end;
    {
        const std::scoped_lock lock{mutex_};
        const auto at = running_.find(id);
        if (at == running_.end() || !at->second.end) return true;  // somebody else has stored it
        end = *at->second.end;
    }
    TAILOPS_TRY(const auto kept,
                settings_.store.update_if(end, store::StoredTask::Status::working));
    const std::scoped_lock lock{mutex_};
    running_.erase(id);
    return kept;
}

/// The one behind `last` in their circle, so that one which cannot be kept does not hold up others.
std::optional<store::StoredTask> TaskBoard::next_end(std::string_view last)
{
    const std::scoped_lock lock{mutex_};
    const auto from = running_.upper_bound(last);
    const auto waits = [](const auto& one) { return one.second.end.has_value(); };
    auto at = std::find_if(from, running_.end(), waits);
    if (at == running_.end()) at = std::find_if(running_.begin(), running_.end(), waits);
    if (at != running_.end()) return at->second.end;
    is_keeping_ = false;
    return std::nullopt;
}

Task<void> TaskBoard::keep_ends()
{
    {
        const std::scoped_lock lock{mutex_};
        if (std::exchange(is_keeping_, true)) co_return;
    }
    asio::steady_timer timer{co_await asio::this_coro::executor};
    auto pause = first_pause;
    bool is_failing = false;
    std::string last;
    while (const auto end = next_end(last)) {
        last = end->id;
        const auto work = [this, &end](std::stop_token) {
            const std::scoped_lock lock{editing_};
            return keep_end_of(end->id);
        };
        const auto began = std::chrono::steady_clock::now();
        const auto kept = co_await run_blocking(settings_.blocking, work);
        if (!kept) {
            if (!std::exchange(is_failing, true)) {
                log(Event::tasks_unkept, {{"task", end->id}, {"why", kept.error().describe()}});
            }
            timer.expires_after(pause_after(pause, std::chrono::steady_clock::now() - began));
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            pause = std::min(2 * pause, longest_pause);
            continue;
        }
        if (!*kept) {
            log(Event::internal_error,
                {{"where", "tasks"}, {"task", end->id}, {"why", "it was gone before its end"}});
        }
        pause = first_pause;
    }
}

TaskBoard::Expected::Expected(TaskBoard& board, std::string id) : board_{board}, id_{std::move(id)}
{
    const std::scoped_lock lock{board_.mutex_};
    board_.expected_.insert(id_);
}

TaskBoard::Expected::~Expected()
{
    const std::scoped_lock lock{board_.mutex_};
    board_.expected_.erase(board_.expected_.find(id_));
}

bool TaskBoard::runs(const std::string& id) const
{
    const std::scoped_lock lock{mutex_};
    return running_.contains(id) || expected_.contains(id);
}

bool TaskBoard::stop(const std::string& id)
{
    const std::scoped_lock lock{mutex_};
    const auto at = running_.find(id);
    if (at == running_.end() || !at->second.turn) return false;
    at->second.turn->stop();
    return true;
}

void TaskBoard::stop_all()
{
    const std::scoped_lock lock{mutex_};
    for (const auto& [id, running] : running_) {
        if (running.turn) running.turn->stop();
    }
}

std::size_t TaskBoard::under_way() const
{
    const std::scoped_lock lock{mutex_};
    return running_.size();
}

}  // namespace tailops::mcp
