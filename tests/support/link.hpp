#pragma once

#include "tests/support/sshd.hpp"

#include <poll.h>

#include <array>
#include <atomic>
#include <deque>
#include <list>
#include <utility>

namespace tailops::testing {

/// A TCP relay to a port of the loopback interface, which is as slow and as unreliable as it is
/// told to be. Its settings may be changed while it runs.
class Link {
public:
    explicit Link(std::uint16_t to) : to_{to}, listener_{listen()}
    {
        thread_ = std::thread{[this] { relay(); }};
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link()
    {
        ends_ = true;
        thread_.join();
        ::close(listener_);
    }

    std::uint16_t port() const noexcept { return port_; }
    /// What passes takes this long, in each direction.
    void delay(std::chrono::milliseconds time) noexcept { delay_ = time.count(); }
    /// Lets `bytes` more come from the server, and nothing behind them until resume().
    void stall_after(std::int64_t bytes) noexcept { left_ = bytes; }
    /// The same, but then breaks the connection.
    void cut_after(std::int64_t bytes) noexcept
    {
        cuts_ = true;
        left_ = bytes;
    }
    void resume() noexcept { left_ = unbounded; }
    /// Whether it holds back something that has come from the server.
    bool is_stalled() const noexcept { return stalled_; }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::int64_t unbounded = std::int64_t{1} << 60;
    static constexpr std::size_t pending_max = 64;  // pieces, each way

    struct Piece {
        Clock::time_point due;
        std::string bytes;
    };
    /// From one socket to another.
    struct Way {
        int from;
        int to;
        bool is_down;
        std::deque<Piece> pending{};
        bool has_ended{false};
    };
    struct Pair {
        std::array<Way, 2> ways;
        bool is_broken{false};
    };

    int listen()
    {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const where = reinterpret_cast<sockaddr*>(&address);
        if (::bind(fd, where, size) != 0 || ::listen(fd, 64) != 0 ||
            ::getsockname(fd, where, &size) != 0) {
            throw std::runtime_error{"no link can be made"};
        }
        port_ = ntohs(address.sin_port);
        return fd;
    }

    void accept()
    {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(to_);
        if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(client);
            ::close(server);
            return;
        }
        pairs_.push_back({.ways = {Way{client, server, false}, Way{server, client, true}}});
    }

    void relay()
    {
        while (!ends_) {
            std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
            for (const auto& pair : pairs_) {
                for (const auto& way : pair.ways) {
                    const bool is_ready = !way.has_ended && way.pending.size() < pending_max;
                    waiting.push_back({is_ready ? way.from : -1, POLLIN, 0});
                }
            }
            ::poll(waiting.data(), waiting.size(), 1);
            std::size_t at = 1;
            bool stalled = false;
            for (auto& pair : pairs_) {
                for (auto& way : pair.ways) {
                    if (waiting[at++].revents != 0) take(way);
                    pass(pair, way);
                    stalled = stalled || (way.is_down && !way.pending.empty() && left_ <= 0);
                }
            }
            stalled_ = stalled;
            pairs_.remove_if([](const Pair& pair) {
                const bool is_over =
                    pair.is_broken || (pair.ways[0].has_ended && pair.ways[1].has_ended);
                if (is_over) {
                    ::close(pair.ways[0].from);
                    ::close(pair.ways[1].from);
                }
                return is_over;
            });
            if (waiting[0].revents != 0) accept();
        }
        for (const auto& pair : pairs_) {
            for (const auto& way : pair.ways) ::close(way.from);
        }
    }

    void take(Way& way)
    {
        std::array<char, 4096> chunk{};
        const auto got = ::recv(way.from, chunk.data(), chunk.size(), 0);
        const auto due = Clock::now() + std::chrono::milliseconds{delay_.load()};
        // An empty piece is the end.
        way.pending.push_back(
            {due, std::string(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))});
    }

    void pass(Pair& pair, Way& way)
    {
        while (!way.has_ended && !way.pending.empty() && way.pending.front().due <= Clock::now()) {
            auto& bytes = way.pending.front().bytes;
            if (way.is_down && left_ <= 0) {
                pair.is_broken = cuts_;
                return;
            }
            if (bytes.empty()) {
                way.has_ended = true;
                ::shutdown(way.to, SHUT_WR);
                return;
            }
            const auto room = way.is_down ? static_cast<std::size_t>(left_.load()) : bytes.size();
            const auto sent = ::send(way.to, bytes.data(), std::min(bytes.size(), room),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) {
                pair.is_broken = errno != EAGAIN;
                return;
            }
            if (way.is_down && left_ < unbounded / 2) left_ -= sent;
            bytes.erase(0, static_cast<std::size_t>(sent));
            if (bytes.empty()) way.pending.pop_front();
        }
    }

    const std::uint16_t to_;
    std::uint16_t port_{0};
    const int listener_;
    std::list<Pair> pairs_;  // the thread's
    std::atomic<std::int64_t> delay_{0};
    std::atomic<std::int64_t> left_{unbounded};
    std::atomic<bool> cuts_{false};
    std::atomic<bool> stalled_{false};
    std::atomic<bool> ends_{false};
    std::thread thread_;
};

}  // namespace tailops::testing
