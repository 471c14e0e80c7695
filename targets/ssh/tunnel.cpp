#include "targets/ssh/tunnel.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/connect.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <libssh/libssh.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tailops::targets::ssh {
namespace asio = boost::asio;

namespace {

constexpr std::size_t chunk_bytes = 32 * 1024;

/// A forwarded connection on `session` and the local socket it is copied to and from. The sizes of
/// libssh's window and of the socket's buffers bound what is in transit.
struct Tunnel {
    explicit Tunnel(std::shared_ptr<Session> over)
        : session{std::move(over)},
          socket{session->executor()},
          downward{*session},
          upward{*session},
          channel{ssh_channel_new(session->raw())}
    {
    }
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;
    ~Tunnel()
    {
        if (was_asked) {
            session->retire(channel);
        } else {
            ssh_channel_free(channel);
        }
    }

    bool is_up() const { return !ended && session->is_open(); }
    void end()
    {
        ended = true;
        boost::system::error_code ignored;
        socket.close(ignored);
        downward.wakeup.ring();
        upward.wakeup.ring();
    }

    std::shared_ptr<Session> session;
    asio::local::stream_protocol::socket socket;
    Session::Listener downward;
    Session::Listener upward;
    ssh_channel channel;
    bool was_asked{false};  // the server knows of it, or may
    bool ended{false};
};

Task<void> copy_down(std::shared_ptr<Tunnel> tunnel)
{
    std::array<char, chunk_bytes> chunk;  // NOLINT(*-member-init): read as far as written
    while (tunnel->is_up()) {
        const int got =
            ssh_channel_read_nonblocking(tunnel->channel, chunk.data(), chunk.size(), 0);
        tunnel->session->drive();
        if (got < 0) break;  // an end or an error: either way there is nothing more
        if (got == 0) {
            // No deadline: a tunnel may be silent for long, and ends with its session.
            co_await tunnel->downward.wakeup.wait(Deadline::max());
            continue;
        }
        const auto [failed, written] = co_await asio::async_write(
            tunnel->socket, asio::buffer(chunk.data(), static_cast<std::size_t>(got)),
            asio::as_tuple(asio::use_awaitable));
        if (failed) break;
    }
    tunnel->end();
}

Task<void> copy_up(std::shared_ptr<Tunnel> tunnel)
{
    std::array<char, chunk_bytes> chunk;  // NOLINT(*-member-init): read as far as written
    while (tunnel->is_up()) {
        const auto [failed, got] = co_await tunnel->socket.async_read_some(
            asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        if (failed) break;
        std::size_t sent = 0;
        while (sent < got && tunnel->is_up()) {
            const int written = ssh_channel_write(tunnel->channel, chunk.data() + sent,
                                                  static_cast<std::uint32_t>(got - sent));
            tunnel->session->drive();
            if (written < 0) break;
            sent += static_cast<std::size_t>(written);
            // The window is full: it opens with a message.
            if (sent < got) co_await tunnel->upward.wakeup.wait(Deadline::max());
        }
        if (sent < got) break;
    }
    tunnel->end();
}

Task<Status> open(std::shared_ptr<Tunnel> tunnel,
                  std::string host,
                  std::uint16_t port,
                  Deadline deadline)
{
    const auto& session = tunnel->session;
    for (;;) {
        if (!session->is_open()) co_return fail(session->failure());
        tunnel->was_asked = true;
        const int answer =
            ssh_channel_open_forward(tunnel->channel, host.c_str(), port, "127.0.0.1", 0);
        const std::string why = answer == SSH_ERROR ? ssh_get_error(session->raw()) : "";
        session->drive();
        if (answer == SSH_OK) co_return Status{};
        if (!session->is_open()) co_return fail(session->failure());
        if (answer == SSH_ERROR) {
            co_return fail(Error{Errc::unreachable, "the jump host " + quote(session->target()) +
                                                        " could not connect to the target"}
                               .with_detail(why));
        }
        switch (co_await tunnel->downward.wakeup.wait(deadline)) {
        case Wake::rung: break;
        case Wake::cancelled: co_return fail(Errc::cancelled, "the caller went away");
        case Wake::deadline:
            co_return fail(Errc::deadline_exceeded, "the jump host " + quote(session->target()) +
                                                        " did not connect to the target in time");
        }
    }
}

}  // namespace

Task<Result<int>> open_tunnel(std::shared_ptr<Session> session,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline)
{
    const auto strand = session->executor();
    auto tunnel = std::make_shared<Tunnel>(std::move(session));
    if (tunnel->channel == nullptr) {
        co_return fail(Errc::internal, "no SSH channel can be created");
    }
    TAILOPS_CO_CHECK(co_await open(tunnel, std::move(host), port, deadline));
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        co_return fail(net::our_shortage({errno, boost::system::system_category()}));
    }
    tunnel->socket.assign(asio::local::stream_protocol{}, ends[1]);
    const auto contained = [tunnel](std::exception_ptr thrown) {
        if (thrown) tunnel->end();
    };
    asio::co_spawn(strand, copy_down(tunnel), contained);
    asio::co_spawn(strand, copy_up(tunnel), contained);
    co_return ends[0];
}

}  // namespace tailops::targets::ssh
