#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace tailops::http {

class TlsContext;

enum class IoState {
    done,        // `bytes` moved
    want_read,   // nothing now; try again when the socket is readable
    want_write,  // nothing now; try again when the socket is writable
    closed,      // the peer has ended its side
    failed,      // the connection is of no use any more
};

struct IoResult {
    IoState state{IoState::failed};
    std::size_t bytes{0};
};

/// Bytes to and from one client over a non-blocking socket, in the clear or through TLS. Nothing in
/// it waits: waiting is Wire's, so that both kinds share one implementation of it. Not thread-safe:
/// used from the connection's strand. Does not own the descriptor.
class ByteStream {
public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;

    /// Goes on with the opening handshake; `done` at once for plain TCP.
    virtual IoResult handshake() = 0;
    virtual IoResult read(std::span<char> into) = 0;
    /// Writes a prefix of `parts`, in order. After `want_write` the next call must begin with the
    /// same bytes.
    virtual IoResult write(std::span<const std::string_view> parts) = 0;
    /// Whether a read could give bytes although the socket is not readable.
    virtual bool holds_input() const = 0;
    /// Tells the peer in its protocol that no more follows; best effort.
    virtual void say_goodbye() = 0;
};

std::unique_ptr<ByteStream> make_plain_stream(int descriptor);

/// Null when the TLS library is out of memory.
std::unique_ptr<ByteStream> make_tls_stream(int descriptor,
                                            std::shared_ptr<const TlsContext> context);

}  // namespace tailops::http
