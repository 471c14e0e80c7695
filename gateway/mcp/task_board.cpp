#include "gateway/mcp/task_board.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;

// More than can be guessed: the id is the handle to a principal's results.
constexpr std::size_t id_bytes = 24;

std::unexpected<Error> no_such_task()
{
    return fail(Errc::not_found, "there is no such task for you");
}

}  // namespace

Task<Result<store::StoredTask>> TaskBoard::insert(store::StoredTask task)
{
    task.id = to_base64url(random_bytes(id_bytes));
    task.created = task.updated = clock_.now();
    const store::TaskBounds bounds{.tasks_max = settings_.tasks_max,
                                   .tasks_max_per_principal = settings_.per_principal_max};
    auto kept = co_await run_blocking(settings_.blocking,
                                      [&store = settings_.store, &task, bounds](std::stop_token) {
                                          return store.insert(task, bounds);
                                      });
    if (!kept) co_return fail(std::move(kept).error());
    co_return task;
}

Task<Result<store::StoredTask>> TaskBoard::find(std::string id, std::string principal)
{
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
        TAILOPS_TRY(auto found, settings_.store.find(id, principal));
        if (!found) return no_such_task();
        Changed changed{.task = *std::move(found)};
        const auto before = changed.task.status;
        if (store::is_final(before) || !edit(changed.task)) return changed;
        changed.task.updated = clock_.now();
        TAILOPS_TRY(changed.is_altered, settings_.store.update_if(changed.task, before));
        return changed;
    };
    co_return co_await run_blocking(settings_.blocking, work);
}

void TaskBoard::add(const std::string& id, std::shared_ptr<RunningTurn> turn)
{
    const std::scoped_lock lock{mutex_};
    running_.insert_or_assign(id, std::move(turn));
}

void TaskBoard::remove(const std::string& id)
{
    const std::scoped_lock lock{mutex_};
    running_.erase(id);
}

bool TaskBoard::stop(const std::string& id)
{
    const std::scoped_lock lock{mutex_};
    const auto at = running_.find(id);
    if (at == running_.end()) return false;
    at->second->stop();
    return true;
}

void TaskBoard::stop_all()
{
    const std::scoped_lock lock{mutex_};
    for (const auto& [id, turn] : running_) turn->stop();
}

}  // namespace tailops::mcp
