#pragma once

#include "gateway/net/http_client.hpp"
#include "gateway/net/wire.hpp"

namespace tailops::net {

/// Opens connections to one server. Immutable once made; safe from any strand.
class Dialer {
public:
    /// Reads the TLS files. Errors: invalid_argument; the detail names the file.
    static Result<std::unique_ptr<Dialer>> create(const HttpEndpoint&, const HttpClientOptions&);

    Dialer() = default;
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    virtual ~Dialer() = default;

    /// Resolves, connects and shakes hands on the caller's executor. No deadline of its own.
    /// Errors: unreachable, cancelled, HttpClientOptions::not_trusted.
    virtual Task<Result<std::unique_ptr<Wire>>> dial() const = 0;

    /// The Error for a read or write on one of our wires that failed; `doing` is what we were at.
    virtual Error explain(const boost::system::error_code&, std::string_view doing) const = 0;
};

}  // namespace tailops::net
