#pragma once

#include "auth/principal.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/core/ids.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::mcp {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What carries the messages of a client (MCP 2026-07-28, basic/transports).
enum class Binding {
    http,   // a request each, with headers that repeat what is in the body
    lines,  // one stream both ways, such as stdin and stdout: there are no headers
};

/// One HTTP request to the MCP endpoint, as the protocol sees it: authenticated, body complete.
/// What comes by lines has the shape of one, and no headers but that of a legacy session.
struct Inbound {
    std::string method;  // POST, GET, DELETE
    Headers headers;     // as sent, repeated ones repeated
    std::string body;
    auth::Principal principal;
    RequestId id;
    Binding binding{Binding::http};

    /// The values of `name`, compared without case.
    std::vector<std::string_view> header(std::string_view name) const;
};

struct Reply {
    int status{200};
    Headers headers;
    std::string body;
};

/// Where the answer to one Inbound goes: either one reply, or a stream of server-sent events. The
/// HTTP connection implements it; tests implement it in memory. Used from the connection's strand.
class Exchange {
public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    /// The whole answer at once. Call once, and not after `begin_events`.
    virtual Task<Status> reply(Reply reply) = 0;

    /// Sends status 200 and the headers of an event stream now; events follow.
    virtual Task<Status> begin_events(Headers extra) = 0;
    /// One event; `id` may be empty, `data` is one line of JSON or empty. Errors: cancelled (the
    /// client is gone), deadline_exceeded (it does not read).
    virtual Task<Status> event(std::string_view id, std::string_view data) = 0;
    /// The event that a resumable stream begins with: an id and no data, and how long a client
    /// should wait before it comes back (MCP 2025-11-25, basic/transports, SEP-1699).
    virtual Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) = 0;
    /// A comment that keeps proxies from closing a silent stream.
    virtual Task<Status> keep_alive() = 0;
};

}  // namespace tailops::mcp
