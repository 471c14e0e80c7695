#pragma once

#include "gateway/async/runtime.hpp"
#include "gateway/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <future>
#include <string>
#include <string_view>
#include <thread>

namespace tailops::http::testing {
using namespace std::chrono_literals;

/// A blocking loopback socket that says exactly what a test wants said. Reads give up after 60 s,
/// so that a failing test ends.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0)
        : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        const timeval patience{60, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const int yes = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (receive_buffer > 0) {
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { close(); }

    void send(std::string_view text)
    {
        while (!text.empty()) {
            const auto put = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (put <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(put));
        }
    }
    void end_sending() { ::shutdown(socket_, SHUT_WR); }
    void close()
    {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    /// Closes so that the peer gets a reset.
    void reset()
    {
        const linger now{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

    /// Reads until `mark` has been seen; returns what came up to its end, or what there was when
    /// the peer closed.
    std::string until(std::string_view mark)
    {
        for (;;) {
            const auto found = held_.find(mark);
            if (found != std::string::npos) return take(found + mark.size());
            if (!fill()) return take(held_.size());
        }
    }
    std::string exactly(std::size_t count)
    {
        while (held_.size() < count && fill()) {
        }
        return take(std::min(count, held_.size()));
    }
    /// Reads `count` bytes and keeps none; returns how many there were before the peer closed.
    std::uint64_t discard(std::uint64_t count)
    {
        auto seen = std::min<std::uint64_t>(count, held_.size());
        held_.erase(0, static_cast<std::size_t>(seen));
        while (seen < count && fill()) {
            const auto more = std::min<std::uint64_t>(count - seen, held_.size());
            held_.erase(0, static_cast<std::size_t>(more));
            seen += more;
        }
        return seen;
    }
    std::string until_closed()
    {
        while (fill()) {
        }
        return take(held_.size());
    }
    /// Whether the peer closes without another byte.
    bool is_closed() { return until_closed().empty() && ended_; }

    /// One response with a Content-Length: its head and body.
    struct Response {
        int status{0};
        std::string head;
        std::string body;
    };
    Response response(bool has_body = true)
    {
        Response got;
        got.head = until("\r\n\r\n");
        if (got.head.size() > 12) got.status = std::atoi(got.head.c_str() + 9);
        const auto at = got.head.find("Content-Length: ");
        if (has_body && at != std::string::npos) {
            got.body = exactly(static_cast<std::size_t>(std::atol(got.head.c_str() + at + 16)));
        }
        return got;
    }
    Response ask(std::string_view request)
    {
        send(request);
        return response();
    }

private:
    bool fill()
    {
        char bytes[16384];
        const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
        if (got <= 0) {
            ended_ = got == 0 || errno == ECONNRESET;
            EXPECT_TRUE(ended_) << "no answer in time";
            return false;
        }
        held_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }
    std::string take(std::size_t count)
    {
        auto taken = held_.substr(0, count);
        held_.erase(0, count);
        return taken;
    }

    int socket_;
    std::string held_;
    bool ended_{false};
};

/// A real server on a free loopback port, on two threads; stopped at the end of the test.
class Served {
public:
    explicit Served(Handler handler, ServerSettings settings = {})
        : runtime_{2, 1},
          work_{boost::asio::make_work_guard(runtime_.io)},
          crew_{[this] { runtime_.run(); }}
    {
        settings.listen = {{"127.0.0.1", 0}};
        auto started = Server::start(runtime_.io.get_executor(), std::move(settings), handler);
        EXPECT_TRUE(started) << (started ? "" : started.error().describe());
        if (started) server_ = *started;
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;
    ~Served()
    {
        if (server_) {
            EXPECT_EQ(stop().wait_for(60s), std::future_status::ready);
        }
        work_.reset();
    }

    std::future<void> stop()
    {
        return boost::asio::co_spawn(runtime_.io, server_->stop(), boost::asio::use_future);
    }
    std::uint16_t port() const { return server_->endpoints().front().port(); }
    RawClient client() const { return RawClient{port()}; }
    Server& server() { return *server_; }
    boost::asio::io_context& io() { return runtime_.io; }

private:
    Runtime runtime_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::shared_ptr<Server> server_;
    std::jthread crew_;
};

/// A plain reply. (Headers in braces inside a coroutine crash g++ 12.)
inline Reply text_reply(std::string body, Headers headers = {})
{
    return {200, std::move(headers), std::move(body)};
}

/// Answers with what it was asked: "METHOD path?query [body]".
inline Task<void> echo(Request request, Exchange& exchange)
{
    const auto body = co_await request.body->whole();
    if (!body) co_return;
    co_await exchange.reply(
        text_reply(request.method + ' ' + request.path + '?' + request.query + " [" + *body + ']'));
}

/// A shape of refusals that shows what it was given.
inline Reply tagged_refusal(int status, std::string_view message, std::string_view path)
{
    return {status, {}, std::string{path} + ": " + std::string{message}};
}

inline std::string get(std::string_view path, std::string_view extra = "")
{
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{extra} +
           "\r\n";
}

inline std::string post(std::string_view path, std::string_view body)
{
    return "POST " + std::string{path} +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string{body};
}

}  // namespace tailops::http::testing
