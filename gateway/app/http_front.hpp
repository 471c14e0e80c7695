#pragma once

#include "auth/challenge.hpp"
#include "gateway/app/authentication.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/doors/routes.hpp"
#include "gateway/http/server.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tailops::app {

/// The daemon's HTTP side: the addresses it listens on, and what a request meets there.
class HttpFront {
public:
    /// What a request is served with. From any strand.
    struct Service {
        std::function<auth::Principal(auth::Identity)> admit;
        std::function<Task<void>(mcp::Inbound, http::Exchange&)> serve;
        std::function<std::vector<std::string>()> not_ready;
        std::function<std::string()> metrics;
    };

    /// Binds every address. Requests wait until the loop runs, and by then for `open`. Errors:
    /// invalid_argument (an address or a TLS file that cannot be used).
    static Result<std::unique_ptr<HttpFront>> bind(boost::asio::any_io_executor io,
                                                   const config::Settings& settings);
    HttpFront(const HttpFront&) = delete;
    HttpFront& operator=(const HttpFront&) = delete;
    ~HttpFront() = default;

    /// The endpoint's URL, with the port that the system chose.
    const std::string& url() const noexcept { return url_; }
    /// What challenges name: our metadata, and the scopes where the server issues ours.
    auth::ChallengeTerms challenge_terms(const Authentication& authentication) const;

    void open(const Authentication& authentication, Service service);
    /// Takes a renewed certificate. Errors: those of reading it.
    Status reload() { return server_->reload_tls(); }
    /// See http::Server::stop.
    Task<void> stop() { return server_->stop(); }

private:
    explicit HttpFront(const config::Settings& settings) : settings_{settings} {}
    std::string url_of_server() const;

    const config::Settings& settings_;
    http::Handler handler_;
    std::shared_ptr<http::Server> server_;
    std::string url_;
};

}  // namespace tailops::app
