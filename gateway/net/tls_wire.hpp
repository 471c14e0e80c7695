#pragma once

#include "gateway/net/wire.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <openssl/types.h>

#include <memory>

namespace tailops::net {

struct SslDeleter {
    void operator()(SSL* ssl) const noexcept;
};
using SslPointer = std::unique_ptr<SSL, SslDeleter>;

/// A client's end of a TLS connection. OpenSSL reads the socket itself, record by record, so that
/// what has arrived and was not read is in OpenSSL or in the socket and nowhere else.
class TlsWire final : public Wire {
public:
    /// `ssl` is prepared for its server (name, verification) and has no socket yet.
    TlsWire(boost::asio::ip::tcp::socket socket, SslPointer ssl);

    /// To be done first. Errors: those of OpenSSL, in Asio's SSL category, or the socket's.
    Task<boost::system::error_code> handshake();

    Task<WireOutcome> read_some(std::span<char> into) override;
    Task<WireOutcome> write(std::string_view bytes) override;
    bool is_quiet() noexcept override;

    SSL* native() const noexcept { return ssl_.get(); }

private:
    /// Repeats `step`, an operation of OpenSSL, until it has succeeded or failed for good.
    template <class Step>
    Task<boost::system::error_code> repeat(Step step);

    boost::asio::ip::tcp::socket socket_;
    SslPointer ssl_;
};

}  // namespace tailops::net
