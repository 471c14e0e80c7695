#pragma once

#include "gateway/async/awaitable.hpp"

#include <optional>
#include <string>

namespace tailops::http {

/// The body of a request: its bytes stay with the client until a handler that knows who sends them
/// asks. It is taken once, in one of the two ways, on the connection's strand. A connection whose
/// request body nobody wanted is closed after the answer.
class RequestBody {
public:
    static constexpr std::size_t piece_bytes_max = 64 * 1024;

    RequestBody() = default;
    RequestBody(const RequestBody&) = delete;
    RequestBody& operator=(const RequestBody&) = delete;
    virtual ~RequestBody() = default;

    /// All of it, within Limits::body_bytes. Nothing: it cannot be had, and the handler returns
    /// without an answer, which the connection gives.
    virtual Task<std::optional<std::string>> whole() = 0;

    /// The next 1 to `piece_bytes_max` bytes of it; empty at its end. Of any length in all: what is
    /// held of it is one piece, and the client sends no faster than pieces are taken. A client that
    /// sends nothing for Limits::body_read_timeout is given up. Nothing: as of `whole`.
    virtual Task<std::optional<std::string>> next() = 0;
};

}  // namespace tailops::http
