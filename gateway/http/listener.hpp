#pragma once

#include "gateway/core/snapshot.hpp"
#include "gateway/http/connection.hpp"
#include "gateway/http/socket_file.hpp"
#include "gateway/http/tls_context.hpp"
#include "gateway/http/wire.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace tailops::http {

/// What the listeners of one server share.
struct Listening {
    std::shared_ptr<const ConnectionContext> context;
    std::shared_ptr<Roster> roster;
    std::shared_ptr<Snapshot<TlsContext>> tls;  // holds null: plain HTTP
};

/// Accepts connections on one address or Unix socket, refuses those above the bounds, and starts
/// the others each on a strand of its own.
class Listener : public std::enable_shared_from_this<Listener> {
public:
    /// Binds. Errors: invalid_argument, naming the address and the system's reason.
    static Result<std::shared_ptr<Listener>> open(const boost::asio::any_io_executor& io,
                                                  boost::asio::ip::tcp::endpoint where,
                                                  std::shared_ptr<const Listening> listening);
    /// Binds a Unix socket at `path`. Errors: invalid_argument, naming the path and what is wrong.
    static Result<std::shared_ptr<Listener>> open_unix(const boost::asio::any_io_executor& io,
                                                       const std::string& path,
                                                       std::shared_ptr<const Listening> listening);
    Listener(const boost::asio::any_io_executor& io, std::shared_ptr<const Listening> listening);

    void start();
    /// Stops accepting. From any thread.
    void close();
    /// Where it listens; nothing for a Unix socket.
    const std::optional<boost::asio::ip::tcp::endpoint>& endpoint() const { return endpoint_; }

private:
    Task<void> accept_all();
    void welcome(Socket socket, boost::asio::any_io_executor strand);
    void turn_away(Socket& socket, const std::string& peer, const Error& why);
    std::string where() const;
    std::shared_ptr<const TlsContext> tls() const;

    boost::asio::any_io_executor io_;
    boost::asio::any_io_executor strand_;
    boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
    boost::asio::steady_timer pause_;
    std::optional<boost::asio::ip::tcp::endpoint> endpoint_;
    SocketFile file_;
    std::shared_ptr<const Listening> listening_;
    std::chrono::steady_clock::time_point last_refusal_logged_;
    std::size_t refusals_{0};  // since then
};

}  // namespace tailops::http
