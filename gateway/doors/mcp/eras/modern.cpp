#include "gateway/doors/mcp/eras/modern.hpp"

#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/wire/delivery.hpp"

namespace tailops::mcp {

Task<void> serve_modern(std::shared_ptr<Protocol> protocol,
                        Inbound inbound,
                        ModernRequest request,
                        http::Exchange& exchange)
{
    protocol->counters.count_request(newest_modern, request.envelope.client);
    const auto accepted = accepts(inbound.headers);
    const auto* method = find_method(request.message.method);
    auto trace = trace_of(inbound.headers, request.message.params);
    Asked asked{.principal = std::move(inbound.principal),
                .request = std::move(inbound.id),
                .revision = newest_modern,
                .message = std::move(request.message),
                .headers = std::move(inbound.headers),
                .client = std::move(request.envelope),
                .outbox = {},
                .session = {},
                .binding = inbound.binding,
                .trace = std::move(trace)};
    if (!method || method->work == Work::quick) {
        auto answer = co_await dispatch(*protocol, asked);
        (void)co_await send_answer(std::move(answer), exchange, accepted);
        co_return;
    }
    if (method->work == Work::stream && !accepted.events) {
        auto answer = noted(*protocol, asked,
                            to_answer({.status = 406,
                                       .code = code::invalid_request,
                                       .message = "Accept must list text/event-stream",
                                       .id = asked.message.id}));
        (void)co_await send_answer(std::move(answer), exchange, accepted);
        co_return;
    }
    asked.outbox = std::make_shared<Outbox>(1);
    DeliveryOptions options{.accepts = accepted,
                            .keep_alive_interval = protocol->settings.keep_alive_interval,
                            .stream = {}};
    co_await run_and_deliver(dispatch(*protocol, asked), asked.outbox, exchange,
                             std::move(options));
}

}  // namespace tailops::mcp
