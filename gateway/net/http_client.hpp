#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/commitment.hpp"
#include "gateway/async/deadline.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::net {

/// Where an HTTP server listens: a TCP host (with or without TLS) or a Unix socket.
struct HttpEndpoint {
    std::string host{};         // name or address; also the Host header and the TLS server name
    std::uint16_t port{0};      // 0 with `socket_path`
    std::string socket_path{};  // non-empty: a Unix socket; `host` is then only the Host header
    bool tls{false};
};

/// Whom we believe, and who we are, on a TLS connection. Verification cannot be left out by
/// forgetting it: it is on unless `verify_peer` is set to `no`.
struct TlsOptions {
    enum class Verify { yes, no };
    Verify verify_peer{Verify::yes};
    std::string ca_file{};           // PEM; empty: the system's store
    std::string certificate_file{};  // PEM client certificate chain; empty: none
    std::string key_file{};          // PEM key of `certificate_file`
};

/// How far an exchange came, for a caller that must say after a failure what may have happened.
/// Belongs to the caller's strand.
struct ExchangeTrace {
    bool connected{false};      // a connection stood
    bool request_begun{false};  // the server may have seen the request, and may act on it
    bool answer_begun{false};   // something of an answer has come
};

struct HttpClientOptions {
    TlsOptions tls{};
    std::size_t header_limit_bytes{64 * 1024};
    std::size_t idle_connections_max{16};
    std::chrono::seconds idle_timeout{30};
    /// The part of an exchange's deadline that connecting (name, TCP, TLS) may take.
    std::chrono::seconds connect_timeout{10};
    /// The code of failures of trust: the server's certificate is not believed, ours is refused, or
    /// we may not open the socket. Executors ask for unauthorized_there.
    Errc not_trusted{Errc::unreachable};
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse;

/// Sees the body of an answer as it arrives, all of it in order; `head` has status and headers.
/// Says whether it wants more than `body_limit_bytes`. Runs on the exchange's strand.
enum class Wants { more, nothing };
using BodyTap = std::function<Wants(const HttpResponse& head, std::string_view bytes)>;

struct HttpRequest {
    std::string method{"GET"};
    std::string target{"/"};  // origin form: path and query
    HeaderList headers{};     // Host, Content-Length and Connection are ours to add
    std::string body{};
    std::size_t body_limit_bytes{4 * 1024 * 1024};  // of the answer
    /// A request that may be sent again on a fresh connection when a kept one turns out dead before
    /// the first byte of an answer. Only for methods that are safe to repeat.
    bool repeatable{true};
    std::shared_ptr<ExchangeTrace> trace{};  // optional; filled in as the exchange goes
    /// Optional. Beyond the limit the body is read for the tap alone, until it wants no more. An
    /// answer that breaks off there, or whose time ends there, is a truncated one and no failure.
    BodyTap body_tap{};
    /// Asked before the first byte is sent; what it refuses is not sent, and fails with its error.
    Commitment commitment{};
};

struct HttpResponse {
    int status{0};
    HeaderList headers{};    // names as sent; look up with `header()`
    std::string body{};      // at most `body_limit_bytes`
    bool truncated{false};   // the body was longer
    bool broken_off{false};  // it was not read to its end
    std::string_view header(std::string_view name) const noexcept;  // case-insensitive, or empty
};

/// Exchanges HTTP/1.1 messages with one server over a pool of kept connections.
///
/// Safe to use from any strand of one io_context, which must outlive the client; every exchange
/// runs on the caller's executor, a strand or a single thread. Follows no redirect. Cancelling an
/// exchange closes its connection. Keep the client alive while an exchange runs.
class HttpClient {
public:
    /// Errors: invalid_argument (a TLS file cannot be read; the detail names it).
    static Result<std::shared_ptr<HttpClient>> create(HttpEndpoint, HttpClientOptions = {});

    virtual ~HttpClient() = default;

    /// Name the request and move it in: g++ 12 frees a braced temporary twice when it is an
    /// argument inside a co_await expression (`co_await client.send({...}, d)` crashes). Errors:
    /// invalid_argument (a method, target or header that would break the message, or a header that
    /// is ours to add), those of `commitment`, unreachable (no connection, TLS refused, or the
    /// answer broke off: the detail says which), HttpClientOptions::not_trusted, deadline_exceeded,
    /// cancelled.
    virtual Task<Result<HttpResponse>> send(HttpRequest request, Deadline deadline) = 0;
};

/// scheme://host[:port][/path] taken apart. Only http and https; no user information, no fragment.
struct Url {
    std::string scheme;
    std::string host;            // lower case; IPv6 without brackets
    std::uint16_t port{0};       // the scheme's default when absent
    std::string path;            // with query; "/" when absent
    bool is_loopback() const;    ///< localhost, 127.0.0.0/8 or ::1, by text
    std::string origin() const;  ///< scheme://host[:port], the default port left out
};

/// Errors: invalid_argument, saying what is wrong.
Result<Url> parse_url(std::string_view text);

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3).
std::string percent_encoded(std::string_view text);

/// application/x-www-form-urlencoded (WHATWG URL section 5.2).
std::string form_encoded(const HeaderList& fields);

}  // namespace tailops::net
