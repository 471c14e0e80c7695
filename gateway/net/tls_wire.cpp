#include "gateway/net/tls_wire.hpp"

#include "gateway/net/peek.hpp"
#include "gateway/net/socket_bio.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto await_tuple = asio::as_tuple(asio::use_awaitable);

/// Why an operation failed for good. `number` is errno as the operation left it.
error_code failure_of(int ssl_error, int number)
{
    if (ssl_error == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
    const auto queued = ::ERR_get_error();
    if (ssl_error == SSL_ERROR_SYSCALL && queued == 0) {
        // The socket has ended without TLS saying so: whatever was read may lack its end.
        if (number == 0) return asio::ssl::error::stream_truncated;
        return {number, boost::system::system_category()};
    }
    return {static_cast<int>(queued), asio::error::get_ssl_category()};
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const noexcept
{
    ::SSL_free(ssl);
}

TlsWire::TlsWire(tcp::socket socket, SslPointer ssl)
    : socket_{std::move(socket)},
      ssl_{std::move(ssl)}
{
    error_code ignored;
    socket_.non_blocking(true, ignored);
    if (auto* const bio = make_socket_bio(socket_.native_handle())) {
        ::SSL_set_bio(ssl_.get(), bio, bio);
    }
    // Idle connections are kept: without buffers of 34 KiB each.
    ::SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
}

template <class Step>
Task<error_code> TlsWire::repeat(Step step)
{
    for (;;) {
        ::ERR_clear_error();
        errno = 0;
        const int result = step();
        const int number = errno;
        if (result == 1) co_return error_code{};
        const int wanted = ::SSL_get_error(ssl_.get(), result);
        if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) {
            co_return failure_of(wanted, number);
        }
        const auto direction =
            wanted == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
        const auto [error] = co_await socket_.async_wait(direction, await_tuple);
        if (error) co_return error;
    }
}

Task<error_code> TlsWire::handshake()
{
    const auto step = [ssl = ssl_.get()] { return ::SSL_connect(ssl); };
    co_return co_await repeat(step);
}

Task<WireOutcome> TlsWire::read_some(std::span<char> into)
{
    if (::SSL_has_pending(ssl_.get()) == 1) {
        // A server that sends without end must not keep the thread.
        const asio::any_io_executor home = co_await asio::this_coro::executor;
        co_await asio::post(home, asio::use_awaitable);
    } else {
        const auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, await_tuple);
        if (error) co_return WireOutcome{error, 0};
    }
    std::size_t bytes = 0;
    const auto step = [ssl = ssl_.get(), into, &bytes] {
        return ::SSL_read_ex(ssl, into.data(), into.size(), &bytes);
    };
    const auto error = co_await repeat(step);
    co_return WireOutcome{error, bytes};
}

Task<WireOutcome> TlsWire::write(std::string_view bytes)
{
    if (bytes.empty()) co_return WireOutcome{};
    std::size_t written = 0;
    const auto step = [ssl = ssl_.get(), bytes, &written] {
        return ::SSL_write_ex(ssl, bytes.data(), bytes.size(), &written);
    };
    const auto error = co_await repeat(step);
    co_return WireOutcome{error, written};
}

bool TlsWire::is_quiet() noexcept
{
    return ::SSL_has_pending(ssl_.get()) == 0 && is_open_and_empty(socket_.native_handle());
}

}  // namespace tailops::net
