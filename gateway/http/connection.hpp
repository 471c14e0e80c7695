#pragma once

#include "gateway/http/body_budget.hpp"
#include "gateway/http/message.hpp"
#include "gateway/http/roster.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/site_policy.hpp"
#include "gateway/http/wire_body.hpp"
#include "gateway/http/wire_exchange.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace tailops::http {

/// What all connections of a server share. Immutable.
struct ConnectionContext {
    Limits limits;
    SitePolicy sites;
    Handler handler;
    std::shared_ptr<BodyBudget> bodies;
    RefusalShape refusal;
};

/// One client: reads its requests one after the other within the limits, has each answered by the
/// handler, and ends. Lives on its strand; stop() may be called from any thread.
class Connection final : public Stoppable, public std::enable_shared_from_this<Connection> {
public:
    /// Begins to serve; the connection keeps itself alive until it has ended. `wire`'s executor is
    /// the strand.
    static void start(std::shared_ptr<Wire> wire,
                      std::shared_ptr<const ConnectionContext> context,
                      Roster::Seat seat,
                      std::string peer,
                      boost::asio::any_io_executor strand);

    void stop(StopHow how) override;

    Connection(std::shared_ptr<Wire> wire,
               std::shared_ptr<const ConnectionContext> context,
               Roster::Seat seat,
               std::string peer,
               boost::asio::any_io_executor strand);

private:
    /// Why a request was not read: the answer to give, or nothing when nobody is there to read it.
    using Ending = WireBody::Ending;
    enum class Phase { idle, reading, answering, ending };
    Task<void> run();
    Task<bool> serve_one();
    Task<bool> wait_for_request();
    Task<std::expected<MessageHead, Ending>> read_head();
    std::expected<MessageHead, Ending> take_head(std::size_t length);
    Task<bool> answer(Request request, WireBody& body, AnswerTerms terms);
    Task<bool> finish(WireExchange& exchange, std::exception_ptr thrown);
    Task<void> refuse(Refusal refusal);
    void stop_on_strand(StopHow how);
    void await_last_words();

    std::shared_ptr<Wire> wire_;
    std::shared_ptr<const ConnectionContext> context_;
    Roster::Seat seat_;
    std::string peer_;
    boost::asio::any_io_executor strand_;
    boost::asio::cancellation_signal hang_up_;
    boost::asio::steady_timer last_words_;  // after a cancel, before the socket is closed
    std::string path_;                      // of the request in hand: its refusals depend on it
    Phase phase_{Phase::idle};
    bool draining_{false};
    bool cancelled_{false};
};

}  // namespace tailops::http
