#include "gateway/net/dialer.hpp"

#include "gateway/core/try.hpp"
#include "gateway/net/connect.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto await_tuple = asio::as_tuple(asio::use_awaitable);

/// A wire over any Asio stream.
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

    bool is_quiet() noexcept override
    {
        char byte{};
        const auto got =
            ::recv(stream_.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

    Stream& stream() noexcept { return stream_; }

private:
    Stream stream_;
};

using TcpWire = StreamWire<Tcp::socket>;
using UnixWire = StreamWire<Unix::socket>;
using TlsWire = StreamWire<asio::ssl::stream<Tcp::socket>>;

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

Result<asio::ssl::context> make_context(const TlsOptions& options)
{
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

    Task<Result<std::unique_ptr<Wire>>> shake_hands(Tcp::socket socket) const
    {
        auto wire =
            std::make_unique<TlsWire>(asio::ssl::stream<Tcp::socket>{std::move(socket), *tls_});
        auto& stream = wire->stream();
        error_code error;
        asio::ip::make_address(endpoint_.host, error);
        const bool is_name{error};
        // Server name indication is for names only (RFC 6066 section 3).
        if (is_name &&
            ::SSL_set_tlsext_host_name(stream.native_handle(), endpoint_.host.c_str()) != 1) {
            co_return fail(Errc::invalid_argument, "the server's name is not fit for TLS");
        }
        if (verify_ == TlsOptions::Verify::yes) {
            stream.set_verify_callback(asio::ssl::host_name_verification{endpoint_.host});
        }
        const auto [refused] =
            co_await stream.async_handshake(asio::ssl::stream_base::client, await_tuple);
        if (refused) co_return fail(not_shaken(refused, stream.native_handle()));
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
