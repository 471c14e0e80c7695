#include "gateway/app/daemon.hpp"
#include "gateway/app/gateway_event.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"

namespace tailops::app {

Task<void> Daemon::reload()
{
    yaml::Problems problems;
    std::vector<std::string> waiting;
    auto build = [&](std::stop_token) -> Result<std::shared_ptr<const call::World>> {
        const auto configuration = load_(problems);
        if (!problems.empty()) return fail(Errc::invalid_argument, "the files have problems");
        waiting = config::waiting_for_restart(settings_, configuration.settings);
        return make_world(configuration);
    };
    auto next = co_await run_blocking(runtime_.blocking, std::move(build));
    for (const auto& problem : problems.sorted()) {
        log(Event::reload_refused, {{"why", yaml::Problems::render(problem)}});
    }
    if (!problems.empty()) co_return;
    if (!next) {
        log(Event::reload_refused, {{"why", next.error().describe()}});
        co_return;
    }
    // Before the swap, which cannot fail: a mistake anywhere refuses the whole reload.
    if (auto renewed = http_ ? http_->reload() : Status{}; !renewed) {
        log(Event::reload_refused, {{"why", renewed.error().describe()}});
        co_return;
    }
    world_->swap(*std::move(next));
    for (const auto& notice : problems.notices()) {
        log(Event::configuration_notice, {{"what", yaml::Problems::render(notice)}});
    }
    if (!waiting.empty()) log(Event::restart_needed, {{"settings", join(waiting, ", ")}});
    endpoint_->publish(service::change::Tools{});
    endpoint_->publish(service::change::Prompts{});
    endpoint_->publish(service::change::Resources{});
    endpoint_->publish_followed();
    log(Event::reloaded);
    auto reloaded = gateway_event("the configuration was reloaded");
    (void)co_await trail_->append(std::move(reloaded), audit::Durability::buffered);
}

}  // namespace tailops::app
