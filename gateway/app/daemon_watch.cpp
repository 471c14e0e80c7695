#include "gateway/app/daemon.hpp"
#include "gateway/app/loopback_reach.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/async/pause.hpp"
#include "gateway/core/log.hpp"

#include <algorithm>

/// The part of Daemon that does something every now and then.
namespace tailops::app {
namespace {

using namespace std::chrono_literals;

// How often outputs and idempotency keys that are too old are looked for.
constexpr auto tidy_interval = 10min;
// How often processes are reaped for which nobody waits.
constexpr auto sweep_interval = 5s;
// How often tailscaled is asked again whether loopback is still this machine's alone.
constexpr auto loopback_interval = 5s;
// So long `tailops token list` shows what has ended; the trail tells of it for longer.
constexpr auto ended_tokens_kept = 30 * 24h;

}  // namespace

/// Removes what is too old also from a gateway that nobody calls, and says what was asked of it.
Task<void> Daemon::tidy()
{
    mcp::Counters::Totals told;
    for (;;) {
        const bool goes_on = co_await pause_for(tidy_interval);
        if (!goes_on) co_return;
        auto work = [this](std::stop_token) {
            runs_->drop_old();
            keys_->forget_old();
            // By both: a clock that is wrong for a while must not take tokens that are good.
            const auto now = std::min(clock_->now(), ages_.now());
            if (auto done = store_->purge_tokens(now - ended_tokens_kept); !done) {
                log(Event::token_store_unreadable, {{"why", done.error().describe()}});
            }
            return true;
        };
        co_await run_blocking(runtime_.blocking, std::move(work));
        auto now = endpoint_->counters().totals();
        if (now == told) continue;
        mcp::log_usage(now);
        told = std::move(now);
    }
}

/// Commands that did not end when they were killed, and orphans where we are PID 1.
Task<void> Daemon::sweep()
{
    for (;;) {
        const bool goes_on = co_await pause_for(sweep_interval);
        if (!goes_on) co_return;
        reaper_->sweep();
    }
}

/// Ends us when tailscaled comes up in userspace mode after we have begun to trust loopback. That
/// it does not answer for a while (it is restarted) is no reason to.
Task<void> Daemon::watch_loopback()
{
    for (;;) {
        const bool goes_on = co_await pause_for(loopback_interval);
        if (!goes_on) co_return;
        auto ask = [this](std::stop_token) { return check_loopback_reach(settings_); };
        const auto trusted = co_await run_blocking(runtime_.blocking, std::move(ask));
        if (trusted || trusted.error().code() != Errc::invalid_argument) continue;
        log(Event::loopback_open, {{"why", trusted.error().public_message()}});
        ended_by_ = trusted.error();
        signals_.cancel();
        co_return;
    }
}

}  // namespace tailops::app
