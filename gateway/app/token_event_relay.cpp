#include "gateway/app/token_event_relay.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/as_tuple.hpp>
#include <nlohmann/json.hpp>

namespace tailops::app {
namespace asio = boost::asio;
namespace {

constexpr std::size_t events_at_once = 64;
// What the trail takes of a record's parameters, escapes not counted.
constexpr std::size_t parameters_bytes_max = 2048;

}  // namespace

audit::Record record_of(const auth::TokenEvent& event)
{
    audit::Record record;
    record.phase = audit::Phase::event;
    record.request = RequestId{event.id};
    record.subject = "local|" + event.by.user;
    record.name = event.by.user;
    record.client = event.by.program;
    record.method = "command_line";
    record.target = gateway_target;
    nlohmann::json told{{"token", event.token},
                        {"subject", event.subject},
                        {"scopes", event.scopes},
                        {"expires", rfc3339(event.expires)},
                        {"at", rfc3339(event.when)}};
    record.parameters = dump_json(told);
    // Clipped, it would lose the token's id.
    if (record.parameters.size() > parameters_bytes_max) {
        record.parameters_sha256 = to_hex(sha256(record.parameters));
        told["scopes"] = std::to_string(event.scopes.size()) + " scopes";
        record.parameters = dump_json(told);
    }
    record.why = event.kind == auth::TokenEvent::Kind::minted ? "a token was minted"
                                                              : std::string{token_revoked};
    record.outcome = "ok";
    record.detail = event.by.detail;
    return record;
}

TokenEventRelay::TokenEventRelay(Ends ends,
                                 const asio::any_io_executor& io,
                                 std::chrono::milliseconds interval)
    : ends_{std::move(ends)},
      interval_{interval},
      pause_{io},
      ended_{io}
{
}

Task<Status> TokenEventRelay::drain()
{
    for (;;) {
        auto read = [&from = ends_.events](std::stop_token) {
            return from.pending_events(events_at_once);
        };
        TAILOPS_CO_TRY(const auto pending, co_await run_blocking(ends_.blocking, std::move(read)));
        if (pending.empty()) co_return Status{};
        for (const auto& event : pending) {
            // In the trail already, but the store could not be told.
            if (event.number <= recorded_) continue;
            const bool is_revoked = event.kind == auth::TokenEvent::Kind::revoked;
            if (is_revoked && ends_.on_revoked) ends_.on_revoked(event.token);
            auto record = record_of(event);
            TAILOPS_CO_CHECK(
                co_await ends_.trail.append(std::move(record), audit::Durability::durable));
            recorded_ = event.number;
        }
        auto forget = [&from = ends_.events, last = pending.back().number](std::stop_token) {
            return from.forget_events(last);
        };
        TAILOPS_CO_CHECK(co_await run_blocking(ends_.blocking, std::move(forget)));
    }
}

void TokenEventRelay::note(const Status& drained)
{
    if (!drained && !is_failing_) {
        log(Event::token_events_waiting, {{"why", drained.error().describe()}});
    }
    is_failing_ = !drained;
}

/// Drains if the store's generation is not the one that was `seen`.
Task<Status> TokenEventRelay::look(std::optional<std::int64_t>& seen)
{
    // The generation first: a change while we drain is then seen by the next look.
    auto ask = [&from = ends_.tokens](std::stop_token) { return from.generation(); };
    const auto generation = co_await run_blocking(ends_.blocking, std::move(ask));
    if (!generation) {
        // Also of a database that was replaced: what it holds, the next start will not find.
        TAILOPS_CO_CHECK(co_await drain());
        co_return fail(generation.error());
    }
    if (seen == *generation) co_return Status{};
    TAILOPS_CO_CHECK(co_await drain());
    seen = *generation;
    co_return Status{};
}

Task<void> TokenEventRelay::run()
{
    is_running_ = true;
    std::optional<std::int64_t> seen;
    for (;;) {
        note(co_await look(seen));
        if (is_stopping_) break;
        pause_.expires_after(interval_);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    is_running_ = false;
    ended_.cancel();
}

Task<void> TokenEventRelay::stop(Deadline deadline)
{
    is_stopping_ = true;
    pause_.cancel();
    if (!is_running_) co_return;
    ended_.expires_at(deadline);
    co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace tailops::app
