#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/http/answer.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/limits.hpp"
#include "gateway/http/request_body.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::http {

/// One request whose headers are complete and within limits. Host and Origin have been checked.
struct Request {
    std::string method;
    std::string path;   // as sent, without the query
    std::string query;  // without "?"
    Headers headers;
    RequestBody* body{};  // never null in a handler; lives until the handler returns
    std::string peer;     // address text
};

/// Answers one request through the exchange. Runs on the connection's strand; it is cancelled
/// (terminal) when the client hangs up or the daemon's stop grace is over.
using Handler = std::function<Task<void>(Request, Exchange&)>;

struct ListenAddress {
    std::string host;  // an address, or "localhost"
    std::uint16_t port{0};
    /// Non-empty: a Unix socket, open to the daemon's user and group; nothing else counts. Plain
    /// HTTP also where the others have TLS.
    std::string socket_path{};
};

struct ServerSettings {
    std::vector<ListenAddress> listen{{"127.0.0.1", 8080}};
    Limits limits;
    std::string tls_certificate_file;  // PEM chain; empty: plain HTTP
    std::string tls_key_file;
    std::vector<std::string> allowed_hosts;    // besides loopback names, without port; lower case
    std::vector<std::string> allowed_origins;  // besides loopback origins; scheme://host[:port]
    RefusalShape refusal{plain_refusal};       // of what no handler sees
};

/// The HTTP side of the daemon: listens, reads requests within limits, one strand per connection.
class Server {
public:
    /// Binds every address and begins to accept. Errors: invalid_argument (an address or a TLS file
    /// that cannot be used; the message names it).
    static Result<std::shared_ptr<Server>> start(boost::asio::any_io_executor io,
                                                 ServerSettings settings,
                                                 Handler handler);
    virtual ~Server() = default;

    /// The addresses where it listens, with the ports that the system chose; no Unix sockets.
    virtual std::vector<boost::asio::ip::tcp::endpoint> endpoints() const = 0;

    /// Stops accepting, closes idle connections, lets calls finish until the grace is over, then
    /// cancels them. Returns when the last connection is gone.
    virtual Task<void> stop() = 0;

    /// Takes a renewed certificate from the same files, for connections that come after.
    virtual Status reload_tls() = 0;
};

}  // namespace tailops::http
