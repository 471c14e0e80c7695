#pragma once

#include "gateway/async/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
    int status{200};
    Headers headers;
    std::string body;
};

/// Where the answer to one request goes: one reply, a body in pieces, or a stream of server-sent
/// events. The connection implements it; tests implement it in memory. Used from the connection's
/// strand.
class Exchange {
public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    /// The whole answer at once. Call once, and not after `begin_events`.
    virtual Task<Status> reply(Reply reply) = 0;

    /// Begins an answer whose body follows in pieces, of any length in all. With a `length` exactly
    /// so many bytes follow: fewer break the connection off, so that the client sees that they are
    /// not all, more are an error. It ends when the handler returns; by an exception, the client
    /// sees that it was broken off. What carries messages only (lines) refuses both: internal.
    virtual Task<Status> begin_body(int status,
                                    Headers headers,
                                    std::optional<std::uint64_t> length);
    /// The next bytes of it. Waits while the client has much to take yet. Errors: cancelled (the
    /// client is gone), deadline_exceeded (it does not read), internal.
    virtual Task<Status> write(std::string_view piece);

    /// Sends status 200 and the headers of an event stream now; events follow.
    virtual Task<Status> begin_events(Headers extra) = 0;
    /// One event; `id` may be empty, `data` is one line of JSON or empty. Errors: cancelled (the
    /// client is gone), deadline_exceeded (it does not read).
    virtual Task<Status> event(std::string_view id, std::string_view data) = 0;
    /// The event that a resumable stream begins with: an id and no data, and how long a client
    /// should wait before it comes back (WHATWG HTML section 9.2.6).
    virtual Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) = 0;
    /// A comment that keeps proxies from closing a silent stream.
    virtual Task<Status> keep_alive() = 0;
};

}  // namespace tailops::http
