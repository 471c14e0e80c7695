#include "gateway/app/daemon.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/gateway_event.hpp"
#include "gateway/app/service_manager.hpp"
#include "gateway/core/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The part of Daemon that stops it.
namespace tailops::app {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

// After the grace, what only looks is cancelled; so long may it take to end what it started.
constexpr auto stop_margin = 2s;
// Then what changes something is cancelled too; so long may that take, and its outcome to be kept.
// The sessions of root, which OpenSSH signals to nobody, are ended by a command of their own.
constexpr auto last_margin = 5s;

}  // namespace

/// Returns when the last client is gone.
Task<void> Daemon::close_front()
{
    if (http_) co_await http_->stop();
    if (line_client_) co_await line_client_->stop();
}

bool Daemon::is_quiet() const
{
    return endpoint_->legacy_calls() == 0 && endpoint_->tasks_under_way() == 0 &&
           keys_->waiting() == 0;
}

/// Waits until the clients are gone and nothing is under way, or until `deadline`.
Task<bool> Daemon::quiet(const FrontClosing& front, Deadline deadline)
{
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (!(front.is_over && is_quiet()) && std::chrono::steady_clock::now() < deadline) {
        timer.expires_after(10ms);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        // Nobody can come for the result of a legacy call any more.
        if (front.is_over) endpoint_->end_sessions();
    }
    co_return front.is_over&& is_quiet();
}

/// What still runs when there is no more time, for whoever has to look after it.
void Daemon::tell_what_remains() const
{
    constexpr std::size_t named_max = 20;
    std::string calls;
    const auto running = runs_->under_way();
    for (std::size_t at = 0; at < running.size() && at < named_max; ++at) {
        const auto& run = running[at];
        calls += (calls.empty() ? "" : ", ") + run.tool.str() + " on " + run.target.str() +
                 " (request " + run.id.str() + ')';
    }
    if (running.size() > named_max) {
        calls += " and " + std::to_string(running.size() - named_max) + " more";
    }
    log(Event::stop_incomplete, {{"calls", calls},
                                 {"tasks", std::to_string(endpoint_->tasks_under_way())},
                                 {"keys", std::to_string(keys_->waiting())}});
}

Task<void> Daemon::stop()
{
    log(Event::stopping);
    mcp::log_usage(endpoint_->counters().totals());
    tell_service_manager(environment_, "STOPPING=1");
    const auto grace_end = after(settings_.limits.stop_grace);
    const auto margin_end = grace_end + stop_margin;
    const auto give_up = margin_end + last_margin;
    endpoint_->drain();
    pipeline_->stop_beginning();
    const auto home = co_await asio::this_coro::executor;
    const auto front = std::make_shared<FrontClosing>();
    asio::co_spawn(home, close_front(), [front](std::exception_ptr) { front->is_over = true; });
    // Everybody gets the grace; then what only looks is cancelled (the front does so for the calls
    // of its clients); and at last what changes something, which is told how that ended rather than
    // be killed with us.
    bool is_done = co_await quiet(*front, grace_end);
    if (!is_done) {
        endpoint_->stop_tasks();
        is_done = co_await quiet(*front, margin_end);
    }
    if (!is_done) {
        tell_what_remains();
        pipeline_->stop_changes();
        endpoint_->end_sessions();
        co_await quiet(*front, give_up);
    }
    co_await token_events_->stop(give_up);
    auto stopped = gateway_event("the gateway stopped");
    (void)co_await trail_->append(std::move(stopped), audit::Durability::durable);
    co_await continuity_->mark_or_log();
    log(Event::stopped);
}

}  // namespace tailops::app
