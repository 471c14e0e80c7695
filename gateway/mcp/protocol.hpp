#pragma once

#include "gateway/mcp/endpoint.hpp"
#include "gateway/mcp/era.hpp"
#include "gateway/mcp/errors.hpp"
#include "gateway/mcp/legacy/session_store.hpp"
#include "gateway/mcp/listings.hpp"
#include "gateway/mcp/outbox.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace tailops::mcp {

/// What all requests of one endpoint share. Calls that outlive their request hold it, so it lives
/// as long as the last of them; `service` and `clock` must as well.
struct Protocol {
    Protocol(Service& what, const Clock& time, EndpointSettings how);

    Service& service;
    const Clock& clock;
    const EndpointSettings settings;
    const std::string server_info;  // the JSON object that names us
    Counters counters;
    Listings listings;
    legacy::SessionStore sessions;
    std::atomic<std::size_t> legacy_calls{0};
};

/// One JSON-RPC request on its way to its handler, the same in both eras.
struct Asked {
    auth::Principal principal;
    RequestId request;
    Revision revision{newest_modern};
    RpcRequest message;
    Headers headers;
    Envelope client;                 // of the request (modern) or the session (legacy)
    std::shared_ptr<Outbox> outbox;  // for notifications about this request; may be null
};

/// Counts and logs an answer that is an error; passes every answer on.
Answer noted(Protocol& protocol, const Asked& asked, Answer answer);

/// As `to_answer`, with the challenge that a refusal for missing scopes carries.
Answer refuse(const Protocol& protocol, Refusal refusal);

}  // namespace tailops::mcp
