#pragma once

#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/doors/mcp/eras/era.hpp"
#include "gateway/doors/mcp/eras/legacy/session_store.hpp"
#include "gateway/doors/mcp/listing/listings.hpp"
#include "gateway/doors/mcp/listing/tool_traits.hpp"
#include "gateway/doors/mcp/subscriptions.hpp"
#include "gateway/doors/mcp/wire/errors.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"
#include "gateway/doors/mcp/wire/request_state.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace tailops::mcp {

class TaskBoard;

/// What all requests of one endpoint share. Calls that outlive their request hold it, so it lives
/// as long as the last of them; `service` and `clock` must as well.
struct Protocol : std::enable_shared_from_this<Protocol> {
    Protocol(service::Service& what, const Clock& time, EndpointSettings how);
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;
    ~Protocol();

    service::Service& service;
    const Clock& clock;
    const EndpointSettings settings;
    const service::Features features;
    const std::shared_ptr<const StateSeal> seal;
    const std::string server_info;  // the JSON object that names us
    Counters counters;
    Listings listings;
    ToolTraitsTable tool_traits;
    legacy::SessionStore sessions;
    Subscriptions subscriptions;
    const std::unique_ptr<TaskBoard> tasks;  // null: calls cannot become tasks
    std::atomic<std::size_t> legacy_calls{0};
};

/// One JSON-RPC request on its way to its handler, the same in both eras.
struct Asked {
    auth::Principal principal;
    RequestId request;
    Revision revision{newest_modern};
    RpcRequest message;
    http::Headers headers;
    Envelope client;                 // of the request (modern) or the session (legacy)
    std::shared_ptr<Outbox> outbox;  // for notifications about this request; may be null
    std::shared_ptr<legacy::Session> session{};  // of a legacy request; null before there is one
    Binding binding{Binding::http};
    std::optional<TraceContext> trace{};
};

/// Until when a stream may stay open for `principal`: the end of its token.
Deadline stream_end(const Protocol& protocol, const auth::Principal& principal);

/// What `principal` may know of, whenever it is asked. Lives as long as the service.
service::MayKnow knowledge_of(const Protocol& protocol, const auth::Principal& principal);

/// Counts and logs an answer that is an error; passes every answer on. An error counts for the rate
/// of its principal, and is not logged beyond that: a line is what it costs us.
Answer noted(Protocol& protocol, const Asked& asked, Answer answer);

/// As `to_answer`, with the challenge that a refusal for missing scopes carries.
Answer refuse(const Protocol& protocol, Refusal refusal);

}  // namespace tailops::mcp
