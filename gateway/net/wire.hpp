#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/system/error_code.hpp>

#include <span>
#include <string_view>

namespace tailops::net {

/// What became of one read or write.
struct WireOutcome {
    boost::system::error_code error;
    std::size_t bytes{0};
};

/// An open byte stream to one server: TCP, TLS over TCP, or a Unix socket.
///
/// Used by one exchange at a time, from whatever strand that exchange runs on. Cancelling a read or
/// a write leaves the stream unusable; destroying it closes the connection.
class Wire {
public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    virtual ~Wire() = default;

    virtual Task<WireOutcome> read_some(std::span<char> into) = 0;
    /// Writes all of `bytes`, or fails.
    virtual Task<WireOutcome> write(std::string_view bytes) = 0;

    /// Whether the connection stands and nothing lies unread in it: what a kept connection must be
    /// before it is used again. Does not block.
    virtual bool is_quiet() noexcept = 0;
};

}  // namespace tailops::net
