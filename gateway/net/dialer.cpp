#include "gateway/net/dialer.hpp"

#include "gateway/core/regular_file.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/connect.hpp"
#include "gateway/net/peek.hpp"
#include "gateway/net/tls_wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <optional>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto await_tuple = asio::as_tuple(asio::use_awaitable);

/// A wire over a socket of Asio's, which keeps nothing that it has read.
template <class Stream>
class StreamWire final : public Wire {
public:
    explicit StreamWire(Stream stream) : stream_{std::move(stream)} {}

    Task<WireOutcome> read_some(std::span<char> into) override
    {
        auto [error, bytes] =
            co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), await_tuple);
        co_return WireOutcome{error, bytes};
    }

    Task<WireOutcome> write(std::string_view bytes) override
    {
        auto [error, written] = co_await asio::async_write(
            stream_, asio::buffer(bytes.data(), bytes.size()), await_tuple);
        co_return WireOutcome{error, written};
    }

    bool is_quiet() noexcept override { return is_open_and_empty(stream_.native_handle()); }

private:
    Stream stream_;
};

using TcpWire = StreamWire<Tcp::socket>;
using UnixWire = StreamWire<Unix::socket>;

bool is_cancelled(const error_code& error)
{
    return error == asio::error::operation_aborted;
}

/// Whether the peer's alert says that it will not have our certificate (RFC 8446 section 6.2).
bool is_certificate_alert(const error_code& error)
{
    if (error.category() != asio::error::get_ssl_category()) return false;
    constexpr std::array alerts{SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE,
                                SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED,
                                SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA,
                                SSL_AD_ACCESS_DENIED,       SSL_AD_CERTIFICATE_REQUIRED};
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    return std::ranges::any_of(
        alerts, [reason](int alert) { return reason == alert + SSL_AD_REASON_OFFSET; });
}

Error cancelled()
{
    return Error{Errc::cancelled, "the caller went away"};
}

Error bad_tls_file(std::string_view what, const std::string& file, const error_code& error)
{
    return Error{Errc::invalid_argument, "a TLS file cannot be used"}.with_detail(
        std::string{what} + " " + file + ": " + error.message());
}

/// Asio opens them by name, and would wait for the writer of a FIFO.
Status check_tls_files(const TlsOptions& options)
{
    for (const auto& file : {options.ca_file, options.certificate_file, options.key_file}) {
        if (file.empty()) continue;
        const auto usable = require_regular_file(file);
        if (usable) continue;
        return fail(Error{Errc::invalid_argument, "a TLS file cannot be used"}.with_detail(
            file + ": " + usable.error().public_message()));
    }
    return {};
}

Result<asio::ssl::context> make_context(const TlsOptions& options)
{
    TAILOPS_CHECK(check_tls_files(options));
    asio::ssl::context context{asio::ssl::context::tls_client};
    error_code error;
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    if (options.ca_file.empty()) {
        context.set_default_verify_paths(error);
    } else {
        context.load_verify_file(options.ca_file, error);
    }
    if (error) return fail(bad_tls_file("the CA file", options.ca_file, error));
    if (!options.certificate_file.empty()) {
        context.use_certificate_chain_file(options.certificate_file, error);
        if (error) return fail(bad_tls_file("the certificate", options.certificate_file, error));
        context.use_private_key_file(options.key_file, asio::ssl::context::pem, error);
        if (error) return fail(bad_tls_file("the key", options.key_file, error));
    }
    context.set_verify_mode(options.verify_peer == TlsOptions::Verify::yes
                                ? asio::ssl::verify_peer
                                : asio::ssl::verify_none);
    return context;
}

class SocketDialer final : public Dialer {
public:
    SocketDialer(HttpEndpoint endpoint,
                 Errc not_trusted,
                 TlsOptions::Verify verify,
                 std::optional<asio::ssl::context> tls)
        : endpoint_{std::move(endpoint)},
          not_trusted_{not_trusted},
          verify_{verify},
          tls_{std::move(tls)}
    {
    }

    Task<Result<std::unique_ptr<Wire>>> dial() const override
    {
        if (!endpoint_.socket_path.empty()) co_return co_await dial_unix();
        TAILOPS_CO_TRY(auto socket, co_await connect());
        if (!tls_) co_return std::make_unique<TcpWire>(std::move(socket));
        co_return co_await shake_hands(std::move(socket));
    }

    Error explain(const error_code& error, std::string_view doing) const override
    {
        if (is_cancelled(error)) return cancelled();
        auto detail = where() + ", " + std::string{doing} + ": " + error.message();
        if (is_certificate_alert(error)) {
            return Error{not_trusted_, "the server refuses our TLS certificate"}.with_detail(
                detail);
        }
        return Error{Errc::unreachable, "the connection to the server broke off"}.with_detail(
            detail);
    }

private:
    std::string where() const
    {
        if (!endpoint_.socket_path.empty()) return endpoint_.socket_path;
        return endpoint_.host + ":" + std::to_string(endpoint_.port);
    }

    Error not_connected(const error_code& error) const
    {
        if (is_cancelled(error)) return cancelled();
        auto detail = where() + ", connecting: " + error.message();
        if (error == boost::system::errc::permission_denied) {
            return Error{not_trusted_, "we may not open the connection"}.with_detail(detail);
        }
        if (is_our_shortage(error)) return Error{our_shortage(error)}.with_detail(detail);
        return Error{Errc::unreachable, "the server cannot be connected to"}.with_detail(detail);
    }

    Error not_shaken(const error_code& error, ::SSL* ssl) const
    {
        if (is_cancelled(error)) return cancelled();
        if (is_certificate_alert(error)) return explain(error, "in the TLS handshake");
        const long verified = ::SSL_get_verify_result(ssl);
        if (verify_ == TlsOptions::Verify::yes && verified != X509_V_OK) {
            return Error{not_trusted_, "the server's TLS certificate is not trusted"}.with_detail(
                where() + ": " + ::X509_verify_cert_error_string(verified));
        }
        return Error{Errc::unreachable, "the TLS handshake with the server failed"}.with_detail(
            where() + ": " + error.message());
    }

    Task<Result<std::unique_ptr<Wire>>> dial_unix() const
    {
        // sun_path holds 107 bytes and a NUL; Asio throws on more.
        if (endpoint_.socket_path.size() > 107) {
            co_return fail(not_connected(asio::error::name_too_long));
        }
        Unix::socket socket{co_await asio::this_coro::executor};
        const auto [error] =
            co_await socket.async_connect(Unix::endpoint{endpoint_.socket_path}, await_tuple);
        if (error) co_return fail(not_connected(error));
        co_return std::make_unique<UnixWire>(std::move(socket));
    }

    Task<Result<Tcp::socket>> connect() const
    {
        auto connected = co_await connect_tcp(endpoint_.host, endpoint_.port);
        if (!connected) co_return fail(not_connected(connected.error().error));
        co_return *std::move(connected);
    }

    /// The name or address that we ask for and that has to stand in the certificate. Errors:
    /// invalid_argument (it is not fit for TLS).
    Status name_server(::SSL* ssl) const
    {
        error_code not_numeric;
        asio::ip::make_address(endpoint_.host, not_numeric);
        const auto* const host = endpoint_.host.c_str();
        auto* const terms = ::SSL_get0_param(ssl);
        bool is_fit = false;
        if (not_numeric) {
            ::X509_VERIFY_PARAM_set_hostflags(terms, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            is_fit = ::SSL_set_tlsext_host_name(ssl, host) == 1 &&
                     ::X509_VERIFY_PARAM_set1_host(terms, host, 0) == 1;
        } else {
            // Server name indication is for names only (RFC 6066 section 3).
            is_fit = ::X509_VERIFY_PARAM_set1_ip_asc(terms, host) == 1;
        }
        if (!is_fit) return fail(Errc::invalid_argument, "the server's name is not fit for TLS");
        return {};
    }

    Task<Result<std::unique_ptr<Wire>>> shake_hands(Tcp::socket socket) const
    {
        SslPointer ssl{::SSL_new(tls_->native_handle())};
        if (!ssl) co_return fail(Errc::internal, "there is no memory for a TLS connection");
        TAILOPS_CO_CHECK(name_server(ssl.get()));
        auto wire = std::make_unique<TlsWire>(std::move(socket), std::move(ssl));
        const auto refused = co_await wire->handshake();
        if (refused) co_return fail(not_shaken(refused, wire->native()));
        co_return std::move(wire);
    }

    HttpEndpoint endpoint_;
    Errc not_trusted_;
    TlsOptions::Verify verify_;
    mutable std::optional<asio::ssl::context> tls_;  // SSL_new takes it mutable and is thread-safe
};

}  // namespace

Result<std::unique_ptr<Dialer>> Dialer::create(const HttpEndpoint& endpoint,
                                               const HttpClientOptions& options)
{
    std::optional<asio::ssl::context> tls;
    if (endpoint.tls && endpoint.socket_path.empty()) {
        TAILOPS_TRY(auto context, make_context(options.tls));
        tls.emplace(std::move(context));
    }
    return std::make_unique<SocketDialer>(endpoint, options.not_trusted, options.tls.verify_peer,
                                          std::move(tls));
}

}  // namespace tailops::net
