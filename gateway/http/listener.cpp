#include "gateway/http/listener.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/trusted_proxies.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <cstring>

namespace tailops::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

// Out of descriptors, say: connections that end meanwhile make room.
constexpr auto accept_pause = 100ms;
// One line a second tells as much as a thousand.
constexpr auto refusal_log_interval = 1s;

constexpr std::string_view busy_answer =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 32\r\n"
    "Retry-After: 1\r\n"
    "Connection: close\r\n"
    "\r\n"
    "{\"error\":\"too many connections\"}";

/// A strand over the io_context itself where `io` is one: half the indirections per completion.
asio::any_io_executor strand_over(const asio::any_io_executor& io)
{
    if (const auto* plain = io.target<asio::io_context::executor_type>()) {
        return asio::make_strand(*plain);
    }
    return asio::make_strand(io);
}

std::string text_of(const tcp::endpoint& where)
{
    const auto address = where.address().to_string();
    const auto host = where.address().is_v6() ? '[' + address + ']' : address;
    return host + ':' + std::to_string(where.port());
}

tcp::endpoint tcp_endpoint(const asio::generic::stream_protocol::endpoint& from)
{
    tcp::endpoint to;
    std::memcpy(to.data(), from.data(), from.size());
    to.resize(from.size());
    return to;
}

/// The address of who connected over TCP.
std::string peer_text(const asio::generic::stream_protocol::endpoint& remote)
{
    const auto address = tcp_endpoint(remote).address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.to_string();
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
}

}  // namespace

Listener::Listener(const asio::any_io_executor& io, std::shared_ptr<const Listening> listening)
    : io_{io},
      strand_{strand_over(io)},
      acceptor_{strand_},
      pause_{strand_},
      listening_{std::move(listening)}
{
}

Result<std::shared_ptr<Listener>> Listener::open(const asio::any_io_executor& io,
                                                 tcp::endpoint where,
                                                 std::shared_ptr<const Listening> listening)
{
    auto listener = std::make_shared<Listener>(io, std::move(listening));
    auto& acceptor = listener->acceptor_;
    boost::system::error_code wrong;
    acceptor.open(where.protocol(), wrong);
    if (!wrong) acceptor.set_option(tcp::acceptor::reuse_address{true}, wrong);
    if (!wrong && where.address().is_v6()) acceptor.set_option(asio::ip::v6_only{true}, wrong);
    if (!wrong) acceptor.bind(where, wrong);
    if (!wrong) acceptor.listen(asio::socket_base::max_listen_connections, wrong);
    if (!wrong) listener->endpoint_ = tcp_endpoint(acceptor.local_endpoint(wrong));
    if (wrong) {
        return fail(Errc::invalid_argument,
                    "cannot listen on " + text_of(where) + ": " + wrong.message());
    }
    return listener;
}

Result<std::shared_ptr<Listener>> Listener::open_unix(const asio::any_io_executor& io,
                                                      const std::string& path,
                                                      std::shared_ptr<const Listening> listening)
{
    TAILOPS_CHECK(SocketFile::make_way(path));
    auto listener = std::make_shared<Listener>(io, std::move(listening));
    auto& acceptor = listener->acceptor_;
    const asio::local::stream_protocol::endpoint where{path};
    boost::system::error_code wrong;
    acceptor.open(where.protocol(), wrong);
    if (!wrong) acceptor.bind(where, wrong);
    if (!wrong) {
        TAILOPS_TRY(listener->file_, SocketFile::take(path));
        acceptor.listen(asio::socket_base::max_listen_connections, wrong);
    }
    if (wrong) {
        return fail(Errc::invalid_argument,
                    "cannot listen on unix:" + path + ": " + wrong.message());
    }
    return listener;
}

std::string Listener::where() const
{
    return endpoint_ ? text_of(*endpoint_) : "unix:" + file_.path();
}

/// What is local needs none.
std::shared_ptr<const TlsContext> Listener::tls() const
{
    return endpoint_ ? listening_->tls->get() : nullptr;
}

void Listener::start()
{
    asio::co_spawn(
        strand_, [self = shared_from_this()] { return self->accept_all(); },
        [](std::exception_ptr thrown) {
            if (!thrown) return;
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& error) {
                log(Event::internal_error, {{"where", "listener"}, {"what", error.what()}});
            }
        });
}

void Listener::close()
{
    asio::post(strand_, [self = shared_from_this()] {
        boost::system::error_code ignored;
        self->acceptor_.close(ignored);
        self->file_ = {};
        self->pause_.cancel();
    });
}

Task<void> Listener::accept_all()
{
    while (acceptor_.is_open()) {
        auto strand = strand_over(io_);
        auto [error, socket] =
            co_await acceptor_.async_accept(strand, asio::as_tuple(asio::use_awaitable));
        if (!acceptor_.is_open()) co_return;
        if (!error) {
            welcome(std::move(socket), std::move(strand));
            continue;
        }
        if (error == asio::error::connection_aborted) continue;
        log(Event::connection_refused, {{"at", where()}, {"why", error.message()}});
        pause_.expires_after(accept_pause);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void Listener::welcome(Socket socket, asio::any_io_executor strand)
{
    boost::system::error_code wrong;
    const auto remote = socket.remote_endpoint(wrong);
    if (!wrong) socket.native_non_blocking(true, wrong);
    if (!wrong && endpoint_) socket.set_option(tcp::no_delay{true}, wrong);
    if (wrong) return;  // gone already

    auto peer = endpoint_ ? peer_text(remote) : std::string{net::unix_peer};
    auto seat = listening_->roster->take(peer);
    if (!seat) return turn_away(socket, peer, seat.error());

    const auto context = tls();
    auto stream = context ? make_tls_stream(socket.native_handle(), context)
                          : make_plain_stream(socket.native_handle());
    if (!stream) return;
    const auto& limits = listening_->context->limits;
    auto wire =
        std::make_shared<Wire>(std::move(socket), std::move(stream), limits.write_stall_timeout);
    Connection::start(std::move(wire), listening_->context, std::move(*seat), std::move(peer),
                      std::move(strand));
}

void Listener::turn_away(Socket& socket, const std::string& peer, const Error& why)
{
    if (!tls()) {
        ::send(socket.native_handle(), busy_answer.data(), busy_answer.size(), MSG_NOSIGNAL);
    }
    boost::system::error_code ignored;
    socket.shutdown(Socket::shutdown_send, ignored);
    ++refusals_;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_refusal_logged_ < refusal_log_interval) return;
    log(Event::connection_refused,
        {{"peer", peer}, {"why", why.public_message()}, {"count", std::to_string(refusals_)}});
    last_refusal_logged_ = now;
    refusals_ = 0;
}

}  // namespace tailops::http
