#pragma once

#include "tests/support/certificates.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace tailops::testing {

/// The server's end of one connection, as a script of the test sees it.
class Peer {
public:
    Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    virtual ~Peer() = default;

    /// Bytes as they come; empty when the client has closed.
    virtual std::string read_some() = 0;
    /// False when the client has closed.
    virtual bool write(std::string_view bytes) = 0;
    /// Both at once: with TLS in two records, and over TCP in one segment.
    virtual bool write_together(std::string_view first, std::string_view second) = 0;

    /// One request with its Content-Length body; empty when the client has closed.
    std::string read_request()
    {
        std::string text;
        for (;;) {
            const auto end = text.find("\r\n\r\n");
            if (end != std::string::npos && text.size() >= end + 4 + body_size(text)) return text;
            const auto more = read_some();
            if (more.empty()) return {};
            text += more;
        }
    }
    void wait_for_close()
    {
        while (!read_some().empty()) {
        }
    }

private:
    static std::size_t body_size(const std::string& text)
    {
        constexpr std::string_view name{"Content-Length: "};
        const auto at = text.find(name);
        return at == std::string::npos ? 0 : std::stoul(text.substr(at + name.size(), 12));
    }
};

template <class Stream>
class StreamPeer final : public Peer {
public:
    explicit StreamPeer(Stream& stream) : stream_{stream} {}
    std::string read_some() override
    {
        std::array<char, 4096> bytes;
        boost::system::error_code error;
        const auto got = stream_.read_some(boost::asio::buffer(bytes), error);
        return {bytes.data(), error ? 0 : got};
    }
    bool write(std::string_view bytes) override
    {
        boost::system::error_code error;
        boost::asio::write(stream_, boost::asio::buffer(bytes.data(), bytes.size()), error);
        return !error;
    }
    bool write_together(std::string_view first, std::string_view second) override
    {
        if constexpr (!requires { stream_.next_layer(); }) {  // without TLS there are no records
            return write(std::string{first}.append(second));
        }
        const auto hold_back = [this](int yes) {
            ::setsockopt(stream_.lowest_layer().native_handle(), IPPROTO_TCP, TCP_CORK, &yes,
                         sizeof yes);
        };
        hold_back(1);
        const bool is_written = write(first) && write(second);
        hold_back(0);
        return is_written;
    }

private:
    Stream& stream_;
};

/// What the server does with its n-th connection, which is closed when the script returns.
using Script = std::function<void(Peer&)>;

/// A server that follows scripts, one connection after the other, over real sockets. Connections
/// beyond the scripts are closed at once. `connections()` counts what came.
class ScriptedServer {
public:
    struct Tls {
        CertifiedKey identity;
        std::string client_ca_file{};  // non-empty: demands a client certificate
    };

    explicit ScriptedServer(std::vector<Script> scripts, std::optional<Tls> tls = {})
        : scripts_{std::move(scripts)}
    {
        using boost::asio::ip::tcp;
        if (tls) configure(*tls);
        acceptor_.emplace<tcp::acceptor>(io_,
                                         tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0});
        auto& acceptor = std::get<tcp::acceptor>(acceptor_);
        port_ = acceptor.local_endpoint().port();
        descriptor_ = acceptor.native_handle();
        thread_ = std::jthread{[this] { serve<tcp>(); }};
    }
    ScriptedServer(const std::string& socket_path, std::vector<Script> scripts)
        : scripts_{std::move(scripts)}
    {
        using local = boost::asio::local::stream_protocol;
        acceptor_.emplace<local::acceptor>(io_, local::endpoint{socket_path});
        descriptor_ = std::get<local::acceptor>(acceptor_).native_handle();
        thread_ = std::jthread{[this] { serve<local>(); }};
    }
    ~ScriptedServer()
    {
        ::shutdown(descriptor_, SHUT_RDWR);
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
        if (current_ >= 0) ::shutdown(current_, SHUT_RDWR);
    }

    std::uint16_t port() const noexcept { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const noexcept { return connections_; }

private:
    /// The connection being served, so that the destructor can wake its script.
    struct Turn {
        Turn(ScriptedServer& server_, int descriptor) : server{server_}
        {
            const std::scoped_lock lock{server.mutex_};
            server.current_ = descriptor;
            if (server.stopping_) ::shutdown(descriptor, SHUT_RDWR);
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn()
        {
            const std::scoped_lock lock{server.mutex_};
            server.current_ = -1;
        }
        ScriptedServer& server;
    };

    void configure(const Tls& tls)
    {
        namespace ssl = boost::asio::ssl;
        tls_.emplace(ssl::context::tls_server);
        tls_->use_certificate_chain_file(tls.identity.certificate_file);
        tls_->use_private_key_file(tls.identity.key_file, ssl::context::pem);
        if (tls.client_ca_file.empty()) return;
        tls_->load_verify_file(tls.client_ca_file);
        tls_->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }

    template <class Protocol>
    void serve()
    {
        auto& acceptor = std::get<typename Protocol::acceptor>(acceptor_);
        for (;;) {
            typename Protocol::socket socket{io_};
            boost::system::error_code error;
            acceptor.accept(socket, error);
            if (error) return;
            // What a script has written is at the client; a Unix socket does not know of it.
            const int yes = 1;
            ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            const Turn turn{*this, socket.native_handle()};
            const auto index = static_cast<std::size_t>(connections_++);
            if (index >= scripts_.size()) continue;
            if (!tls_) {
                StreamPeer peer{socket};
                scripts_[index](peer);
                continue;
            }
            boost::asio::ssl::stream<typename Protocol::socket&> stream{socket, *tls_};
            stream.handshake(boost::asio::ssl::stream_base::server, error);
            if (error) continue;
            StreamPeer peer{stream};
            scripts_[index](peer);
        }
    }

    boost::asio::io_context io_;
    std::vector<Script> scripts_;
    std::optional<boost::asio::ssl::context> tls_;
    std::variant<std::monostate,
                 boost::asio::ip::tcp::acceptor,
                 boost::asio::local::stream_protocol::acceptor>
        acceptor_;
    std::uint16_t port_{0};
    int descriptor_{-1};
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    int current_{-1};
    bool stopping_{false};
    std::jthread thread_;
};

/// An answer with a Content-Length.
inline std::string answer(int status, std::string_view body, std::string_view headers = {})
{
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{headers} +
           "\r\n" + std::string{body};
}

/// Reads a request and answers it, `times` over on one connection.
inline Script answers(std::string bytes, int times = 1)
{
    return [bytes = std::move(bytes), times](Peer& peer) {
        for (int i = 0; i < times; ++i) {
            if (peer.read_request().empty() || !peer.write(bytes)) return;
        }
        peer.wait_for_close();
    };
}

}  // namespace tailops::testing
