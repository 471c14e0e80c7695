#pragma once

#include "gateway/doors/mcp/wire/headers.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::mcp {

struct DeliveryOptions {
    Accepts accepts{};
    std::chrono::milliseconds keep_alive_interval{15'000};
    std::string stream{};  // its name in event ids; empty: events have no ids
    /// How long a client should wait before it resumes; set, the stream begins with an event that
    /// says so.
    std::optional<std::chrono::milliseconds> retry{};
    bool is_batch{false};               // a JSON reply is an array
    std::vector<MessageId> requests{};  // to be answered, if only by saying that they were stopped
    bool begins_now{false};  // a stream from the start, whether or not there is something to say
    Deadline ends{Deadline::max()};  // of the whole delivery
};

/// Sends what is in `outbox` until it is over: as one JSON reply when nothing but the answers came
/// within the keep-alive interval, else as a stream of events with keep-alive comments. A client
/// that reads only JSON gets only the answers. Runs on the exchange's strand.
///
/// Attaches as the outbox's reader, in the place of an earlier one. Cancelling it leaves the outbox
/// to the next reader. Errors: those of the exchange.
Task<Status> deliver(std::shared_ptr<Outbox> outbox,
                     http::Exchange& exchange,
                     DeliveryOptions options);

/// Runs `work` within the caller's cancellation and sends what it returns; meanwhile sends what it
/// puts into `outbox`. Costs a timer only when the work waits for something.
Task<void> run_and_deliver(Task<Answer> work,
                           std::shared_ptr<Outbox> outbox,
                           http::Exchange& exchange,
                           DeliveryOptions options);

/// One answer that is there already, as a reply, or as an event for a client that reads only those.
Task<Status> send_answer(Answer answer, http::Exchange& exchange, Accepts accepts);

/// The answer as the one reply of JSON.
http::Reply to_reply(Answer answer);

}  // namespace tailops::mcp
