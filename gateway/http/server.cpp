#include "gateway/http/server.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/snapshot.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/http/connection.hpp"
#include "gateway/http/listener.hpp"
#include "gateway/http/tls_context.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::http {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// The addresses that `listen` names. "localhost" is both loopback addresses.
Result<std::vector<asio::ip::address>> addresses_of(const ListenAddress& listen)
{
    if (lower_ascii(listen.host) == "localhost") {
        return std::vector<asio::ip::address>{asio::ip::address_v4::loopback(),
                                              asio::ip::address_v6::loopback()};
    }
    auto host = std::string_view{listen.host};
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code wrong;
    const auto address = asio::ip::make_address(host, wrong);
    if (wrong) {
        return fail(Errc::invalid_argument, "the listen address " + quote(listen.host) +
                                                " is neither an IP address nor \"localhost\"");
    }
    return std::vector{address};
}

/// One whole body has room in any case.
std::shared_ptr<BodyBudget> body_budget(const Limits& limits)
{
    const auto per_peer = std::max(limits.bodies_bytes_per_peer, limits.body_bytes);
    return std::make_shared<BodyBudget>(std::max(limits.bodies_bytes, per_peer), per_peer);
}

class TcpServer final : public Server {
public:
    TcpServer(const asio::any_io_executor& io, ServerSettings settings, Handler handler)
        : strand_{asio::make_strand(io)},
          certificate_file_{std::move(settings.tls_certificate_file)},
          key_file_{std::move(settings.tls_key_file)},
          listening_{std::make_shared<Listening>(Listening{
              .context = std::make_shared<ConnectionContext>(ConnectionContext{
                  .limits = settings.limits,
                  .sites = {std::move(settings.allowed_hosts), std::move(settings.allowed_origins)},
                  .handler = std::move(handler),
                  .bodies = body_budget(settings.limits),
                  .refusal = std::move(settings.refusal)}),
              .roster = std::make_shared<Roster>(settings.limits.connections,
                                                 settings.limits.connections_per_peer),
              .tls = std::make_shared<Snapshot<TlsContext>>(nullptr)})}
    {
    }

    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;
    ~TcpServer() override { close_listeners(); }

    Status open(const asio::any_io_executor& io, const std::vector<ListenAddress>& listen)
    {
        if (certificate_file_.empty() != key_file_.empty()) {
            return fail(Errc::invalid_argument, "TLS needs both a certificate file and a key file");
        }
        if (auto loaded = reload_tls(); !loaded) return loaded;
        for (const auto& where : listen) {
            if (auto bound = open_one(io, where); !bound) return bound;
        }
        for (const auto& listener : listeners_) listener->start();
        return {};
    }

    std::vector<tcp::endpoint> endpoints() const override
    {
        std::vector<tcp::endpoint> all;
        all.reserve(listeners_.size());
        for (const auto& listener : listeners_) {
            if (const auto& endpoint = listener->endpoint()) all.push_back(*endpoint);
        }
        return all;
    }

    Task<void> stop() override
    {
        // On a strand of our own: what waits for the last connection must not race with its
        // leaving.
        co_await asio::co_spawn(strand_, stop_on_strand(), asio::use_awaitable);
    }

    Status reload_tls() override
    {
        if (certificate_file_.empty()) return {};
        auto context = TlsContext::load(certificate_file_, key_file_);
        if (!context) return fail(std::move(context).error());
        listening_->tls->swap(std::move(*context));
        return {};
    }

private:
    Status open_one(const asio::any_io_executor& io, const ListenAddress& where)
    {
        if (!where.socket_path.empty()) {
            TAILOPS_TRY(auto listener, Listener::open_unix(io, where.socket_path, listening_));
            listeners_.push_back(std::move(listener));
            return {};
        }
        auto addresses = addresses_of(where);
        if (!addresses) return fail(std::move(addresses).error());
        auto port = where.port;
        bool is_first = true;
        for (const auto& address : *addresses) {
            auto listener = Listener::open(io, {address, port}, listening_);
            if (listener) {
                port =
                    (*listener)->endpoint()->port();  // "localhost" with port 0: the same for both
                listeners_.push_back(std::move(*listener));
            } else if (is_first) {
                return fail(std::move(listener).error());
            }
            is_first = false;
        }
        return {};
    }

    void close_listeners()
    {
        for (const auto& listener : listeners_) listener->close();
    }

    Task<void> stop_on_strand()
    {
        const auto& roster = listening_->roster;
        close_listeners();
        roster->stop_all(StopHow::gently);
        const auto grace = listening_->context->limits.stop_grace;
        if (co_await roster->empty(after(grace))) co_return;
        roster->stop_all(StopHow::now);
        while (!co_await roster->empty(Deadline::max())) {
        }
    }

    asio::strand<asio::any_io_executor> strand_;
    const std::string certificate_file_;
    const std::string key_file_;
    std::shared_ptr<const Listening> listening_;
    std::vector<std::shared_ptr<Listener>> listeners_;
};

}  // namespace

Result<std::shared_ptr<Server>> Server::start(asio::any_io_executor io,
                                              ServerSettings settings,
                                              Handler handler)
{
    const auto listen = settings.listen;
    auto server = std::make_shared<TcpServer>(io, std::move(settings), std::move(handler));
    if (auto opened = server->open(io, listen); !opened) return fail(std::move(opened).error());
    return server;
}

}  // namespace tailops::http
