#include "gateway/doors/mcp/endpoint.hpp"

#include "gateway/core/log.hpp"
#include "gateway/doors/mcp/eras/era.hpp"
#include "gateway/doors/mcp/eras/legacy/legacy.hpp"
#include "gateway/doors/mcp/eras/modern.hpp"
#include "gateway/doors/mcp/protocol.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/wire/delivery.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;
using Shared = std::shared_ptr<Protocol>;

Refusal refusal(int status, std::string message)
{
    return {.status = status, .code = code::invalid_request, .message = std::move(message)};
}

/// The reply to what never became a request for anyone.
http::Reply refused(Protocol& protocol, const Inbound& inbound, Refusal why)
{
    protocol.counters.count_error(why.code);
    // As noted() does.
    if (protocol.service.admit(inbound.principal)) {
        log(Event::protocol_error, {{"request", inbound.id.str()},
                                    {"status", std::to_string(why.status)},
                                    {"code", std::to_string(why.code)},
                                    {"why", why.message}});
    }
    http::Headers headers;
    if (why.status == 405) headers.emplace_back("Allow", "GET, POST, DELETE");
    return to_reply(to_answer(std::move(why), std::move(headers)));
}

Task<void> send(http::Reply reply, http::Exchange& exchange)
{
    (void)co_await exchange.reply(std::move(reply));
}

/// One of these serves each kind of body.
struct Dispatcher {
    Shared protocol;
    Inbound inbound;
    http::Exchange& exchange;

    Task<void> operator()(ModernRequest request)
    {
        return serve_modern(protocol, std::move(inbound), std::move(request), exchange);
    }
    /// On HTTP a modern client cancels by closing; whatever it notifies us of changes nothing.
    Task<void> operator()(const ModernNotification&)
    {
        return send({.status = 202, .headers = {}, .body = {}}, exchange);
    }
    Task<void> operator()(LegacyMessages body)
    {
        return legacy::serve_post(protocol, std::move(inbound), std::move(body), exchange);
    }
    Task<void> operator()(Refusal why)
    {
        return send(refused(*protocol, inbound, std::move(why)), exchange);
    }
};

Task<void> dispatch_message(Shared protocol,
                            Inbound inbound,
                            Classified classified,
                            http::Exchange& exchange)
{
    return std::visit(Dispatcher{std::move(protocol), std::move(inbound), exchange},
                      std::move(classified));
}

Task<void> serve_post(Shared protocol, Inbound inbound, http::Exchange& exchange)
{
    if (!is_json_content(inbound.headers)) {
        auto why = refusal(415, "Content-Type must be application/json");
        return send(refused(*protocol, inbound, std::move(why)), exchange);
    }
    auto classified =
        classify(inbound.headers, decode(inbound.body, protocol->settings.json_depth_max));
    inbound.body = {};
    return dispatch_message(std::move(protocol), std::move(inbound), std::move(classified),
                            exchange);
}

/// Not a coroutine: what it returns owns all that it needs, but for the exchange.
Task<void> serve_method(Shared protocol, Inbound inbound, http::Exchange& exchange)
{
    if (inbound.method == "POST") {
        return serve_post(std::move(protocol), std::move(inbound), exchange);
    }
    if (inbound.method == "GET") {
        return legacy::serve_get(std::move(protocol), std::move(inbound), exchange);
    }
    if (inbound.method == "DELETE") {
        return legacy::serve_delete(std::move(protocol), std::move(inbound), exchange);
    }
    auto why = refusal(405, "the method must be POST, GET or DELETE");
    return send(refused(*protocol, inbound, std::move(why)), exchange);
}

/// Whether the client's leaving ended the request. The cancellation state does not tell: whoever
/// had to clean up first has reset it.
bool is_cancellation(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

/// Whatever goes wrong ends here; the client that leaves is no error.
Task<void> finish(Task<void> serving, RequestId request)
{
    std::exception_ptr thrown;
    try {
        co_await std::move(serving);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (!thrown || is_cancellation(thrown)) co_return;
    log(Event::internal_error,
        {{"request", request.str()}, {"why", "serving the request ended by an exception"}});
}

}  // namespace

struct Endpoint::State {
    explicit State(Shared shared) : protocol{std::move(shared)} {}
    Shared protocol;
};

Endpoint::Endpoint(service::Service& service, const Clock& clock, EndpointSettings settings)
    : state_{
          std::make_unique<State>(std::make_shared<Protocol>(service, clock, std::move(settings)))}
{
}

Endpoint::~Endpoint() = default;

Task<void> Endpoint::serve(Inbound inbound, http::Exchange& exchange)
{
    auto request = inbound.id;
    return finish(serve_method(state_->protocol, std::move(inbound), exchange), std::move(request));
}

Task<void> Endpoint::serve(Line line, http::Exchange& exchange)
{
    Inbound inbound{.method = "POST",
                    .headers = {},
                    .body = {},
                    .principal = std::move(line.principal),
                    .id = std::move(line.id),
                    .binding = Binding::lines};
    if (!line.session.empty()) {
        inbound.headers.emplace_back("Mcp-Session-Id", std::move(line.session));
    }
    auto request = inbound.id;
    auto classified = classify_line(std::move(line.message));
    return finish(
        dispatch_message(state_->protocol, std::move(inbound), std::move(classified), exchange),
        std::move(request));
}

void Endpoint::publish(const service::Change& change)
{
    state_->protocol->subscriptions.publish(change);
    state_->protocol->sessions.publish(change);
}

void Endpoint::publish_followed()
{
    state_->protocol->subscriptions.publish_followed();
    state_->protocol->sessions.publish_followed();
}

void Endpoint::drain()
{
    state_->protocol->subscriptions.drain();
    state_->protocol->sessions.drain();
}

void Endpoint::end_sessions()
{
    state_->protocol->sessions.end_all();
}

void Endpoint::stop_tasks()
{
    if (state_->protocol->tasks) state_->protocol->tasks->stop_all();
}

const Counters& Endpoint::counters() const noexcept
{
    return state_->protocol->counters;
}

std::size_t Endpoint::legacy_calls() const noexcept
{
    return state_->protocol->legacy_calls;
}

std::size_t Endpoint::tasks_under_way() const
{
    return state_->protocol->tasks ? state_->protocol->tasks->under_way() : 0;
}

}  // namespace tailops::mcp
