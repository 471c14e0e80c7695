#pragma once

#include "gateway/core/snapshot.hpp"
#include "gateway/http/connection.hpp"
#include "gateway/http/tls_context.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace tailops::http {

/// What the listeners of one server share.
struct Listening {
    std::shared_ptr<const ConnectionContext> context;
    std::shared_ptr<Roster> roster;
    std::shared_ptr<Snapshot<TlsContext>> tls;  // holds null: plain HTTP
};

/// Accepts connections on one address, refuses those above the bounds, and starts the others each
/// on a strand of its own.
class Listener : public std::enable_shared_from_this<Listener> {
public:
    /// Binds. Errors: invalid_argument, naming the address and the system's reason.
    static Result<std::shared_ptr<Listener>> open(const boost::asio::any_io_executor& io,
                                                  boost::asio::ip::tcp::endpoint where,
                                                  std::shared_ptr<const Listening> listening);
    Listener(const boost::asio::any_io_executor& io, std::shared_ptr<const Listening> listening);

    void start();
    /// Stops accepting. From any thread.
    void close();
    boost::asio::ip::tcp::endpoint endpoint() const { return endpoint_; }

private:
    Task<void> accept_all();
    void welcome(boost::asio::ip::tcp::socket socket, boost::asio::any_io_executor strand);
    void turn_away(boost::asio::ip::tcp::socket& socket, const Error& why);

    boost::asio::any_io_executor io_;
    boost::asio::any_io_executor strand_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    boost::asio::ip::tcp::endpoint endpoint_;
    std::shared_ptr<const Listening> listening_;
    std::chrono::steady_clock::time_point last_refusal_logged_;
    std::size_t refusals_{0};  // since then
};

}  // namespace tailops::http
