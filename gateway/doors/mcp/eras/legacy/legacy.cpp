#include "gateway/doors/mcp/eras/legacy/legacy.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/request_id.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/eras/legacy/calls.hpp"
#include "gateway/doors/mcp/eras/legacy/refusals.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/wire/delivery.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp::legacy {
namespace {

using State = SingleHeader::State;
using Sessioned = std::expected<std::shared_ptr<Session>, Refusal>;

Task<void> send(http::Reply reply, http::Exchange& exchange)
{
    (void)co_await exchange.reply(std::move(reply));
}

http::Reply empty_reply(int status)
{
    return {.status = status, .headers = {}, .body = {}};
}

/// The header may be absent; what it names must be a revision of this era (2025-11-25,
/// basic/transports, Protocol Version Header).
bool names_legacy_revision(const http::Headers& headers)
{
    const auto version = single_header(headers, "mcp-protocol-version");
    if (version.state == State::absent) return true;
    const auto revision =
        version.state == State::present ? find_revision(version.value) : std::nullopt;
    return revision && !is_modern(*revision);
}

bool is_initialize(const Message& message)
{
    const auto* request = std::get_if<RpcRequest>(&message);
    return request && request->method == "initialize";
}

std::string client_name(const JsonPart& params)
{
    const auto* info = params ? find_member(*params, "clientInfo") : nullptr;
    return info ? std::string{text_member(*info, "name")} : std::string{};
}

/// Opens a session. Sent with the id of one, it opens another: the client has lost its state.
Task<void> serve_initialize(std::shared_ptr<Protocol> protocol,
                            Inbound inbound,
                            RpcRequest request,
                            http::Exchange& exchange)
{
    Envelope client{.capabilities = {},
                    .client = client_name(request.params),
                    .log_level = {},
                    .progress_token = {}};
    const auto revision = settled_revision(request.params);
    protocol->counters.count_request(revision, client.client);
    const auto accepted = accepts(inbound.headers);
    const Asked asked{.principal = std::move(inbound.principal),
                      .request = std::move(inbound.id),
                      .revision = revision,
                      .message = std::move(request),
                      .headers = {},
                      .client = std::move(client),
                      .outbox = {}};
    auto answer = co_await dispatch(*protocol, asked);
    (void)co_await send_answer(std::move(answer), exchange, accepted);
}

/// A ping may come before there is a session (2025-11-25, basic/lifecycle, Initialization). On HTTP
/// a session is named first.
bool is_early_ping(const Inbound& inbound, const LegacyMessages& body)
{
    if (inbound.binding != Binding::lines || body.is_batch) return false;
    const auto* request = std::get_if<RpcRequest>(&body.messages.front());
    return request && request->method == "ping" && inbound.header("mcp-session-id").empty();
}

/// Of no revision yet, so not counted under one.
Task<void> serve_early_ping(std::shared_ptr<Protocol> protocol,
                            Inbound inbound,
                            RpcRequest request,
                            http::Exchange& exchange)
{
    const auto accepted = accepts(inbound.headers);
    const Asked asked{.principal = std::move(inbound.principal),
                      .request = std::move(inbound.id),
                      .revision = newest_legacy,
                      .message = std::move(request),
                      .headers = {},
                      .client = {},
                      .outbox = {}};
    auto answer = co_await dispatch(*protocol, asked);
    (void)co_await send_answer(std::move(answer), exchange, accepted);
}

/// What is wrong with the body as a whole, in this session.
std::optional<Refusal> body_problem(const Protocol& protocol,
                                    const Session& session,
                                    const LegacyMessages& body)
{
    if (!body.is_batch) return std::nullopt;
    if (session.terms().revision != Revision::v2025_03_26) {
        return refusal(400, "batches exist only in revision 2025-03-26");
    }
    if (body.messages.size() > protocol.settings.batch_max) {
        return refusal(400, "a batch holds at most " + std::to_string(protocol.settings.batch_max) +
                                " messages");
    }
    return std::nullopt;
}

void hear(Session& session, const RpcNotification& notification)
{
    // What else clients tell (initialized, roots/list_changed) changes nothing here.
    if (notification.method != "notifications/cancelled" || !notification.params) return;
    const auto* request = find_member(*notification.params, "requestId");
    const auto id = request ? MessageId::from(*request) : std::nullopt;
    if (id) session.cancel(*id);
}

/// The requests of one POST on their way to their handlers.
std::vector<std::shared_ptr<Asked>> questions(const Inbound& inbound,
                                              const std::shared_ptr<Session>& session,
                                              LegacyMessages body)
{
    std::vector<std::shared_ptr<Asked>> asked;
    for (auto& message : body.messages) {
        auto* request = std::get_if<RpcRequest>(&message);
        if (!request) continue;
        // One id of ours names one call, its run and its span, also within a batch.
        auto id = asked.empty() ? inbound.id : mint_request_id();
        Envelope client{.capabilities = session->terms().capabilities,
                        .client = session->terms().client,
                        .log_level = {},
                        .progress_token = progress_token(request->params)};
        auto trace = trace_of(inbound.headers, request->params);
        asked.push_back(std::make_shared<Asked>(Asked{.principal = inbound.principal,
                                                      .request = std::move(id),
                                                      .revision = session->terms().revision,
                                                      .message = std::move(*request),
                                                      .headers = {},
                                                      .client = std::move(client),
                                                      .outbox = {},
                                                      .session = session,
                                                      .binding = inbound.binding,
                                                      .trace = std::move(trace)}));
    }
    return asked;
}

/// What one POST asks, and what of it is answered already.
struct Questions {
    std::vector<std::shared_ptr<Asked>> asked;
    std::vector<Answer> answers;
};

/// Keeps a stream's name in its session as long as a client may come back for it.
class StreamName {
public:
    StreamName(std::shared_ptr<Session> session, std::shared_ptr<Outbox> outbox)
        : session_{std::move(session)},
          outbox_{std::move(outbox)},
          name_{session_->open_stream(outbox_)}
    {
    }
    StreamName(const StreamName&) = delete;
    StreamName& operator=(const StreamName&) = delete;
    ~StreamName()
    {
        // No event was sent, so no client knows the name.
        if (!outbox_->keeps_sent()) session_->forget_stream(name_);
    }
    const std::string& text() const noexcept { return name_; }

private:
    std::shared_ptr<Session> session_;
    std::shared_ptr<Outbox> outbox_;
    std::string name_;
};

Task<void> serve_requests(std::shared_ptr<Protocol> protocol,
                          std::shared_ptr<Session> session,
                          Questions questions,
                          DeliveryOptions options,
                          http::Exchange& exchange)
{
    const auto count = questions.asked.size() + questions.answers.size();
    const auto outbox = std::make_shared<Outbox>(count);
    if (!options.accepts.events) outbox->answers_only();
    const StreamName name{session, outbox};
    options.stream = name.text();
    for (auto& answer : questions.answers) outbox->answer(std::move(answer));
    for (const auto& one : questions.asked) {
        protocol->counters.count_request(one->revision, one->client.client);
        one->outbox = outbox;
        const auto* method = find_method(one->message.method);
        if (method && method->work == Work::call) {
            co_await start_call(protocol, session, one);
        } else {
            auto answer = co_await dispatch(*protocol, *one);
            outbox->answer(std::move(answer));
        }
    }
    (void)co_await deliver(outbox, exchange, std::move(options));
}

/// The session lives as long as its stream.
Task<void> stream(std::shared_ptr<Session> /*session*/,
                  std::shared_ptr<Outbox> outbox,
                  DeliveryOptions options,
                  http::Exchange& exchange)
{
    (void)co_await deliver(std::move(outbox), exchange, std::move(options));
}

/// "3-17" as the stream and the number of its event that the client has seen last.
struct EventId {
    std::string stream;
    std::uint64_t number{0};
};
std::optional<EventId> parse_event_id(std::string_view text)
{
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto number = parse_int(text.substr(dash + 1), 0);
    if (!number) return std::nullopt;
    return EventId{std::string{text.substr(0, dash)}, static_cast<std::uint64_t>(*number)};
}

/// Clients of older revisions parse the priming event's empty data as JSON and break (SEP-1699).
std::optional<std::chrono::milliseconds> retry_for(const Protocol& protocol, const Session& session)
{
    if (session.terms().revision < Revision::v2025_11_25) return std::nullopt;
    return protocol.settings.retry_interval;
}

}  // namespace

Sessioned find_session(Protocol& protocol, const Inbound& inbound)
{
    if (!names_legacy_revision(inbound.headers)) {
        return std::unexpected{
            refusal(400, "MCP-Protocol-Version must be the revision that initialize settled")};
    }
    const auto id = single_header(inbound.headers, "mcp-session-id");
    if (id.state != State::present) {
        if (inbound.binding == Binding::lines) {
            return std::unexpected{refusal(400, "open a session with initialize first")};
        }
        return std::unexpected{
            refusal(400, id.state == State::absent
                             ? "Mcp-Session-Id is missing; open a session with initialize"
                             : "Mcp-Session-Id must stand once and hold visible ASCII")};
    }
    auto session = protocol.sessions.find(id.value, inbound.principal.identity.key());
    if (!session) {
        return std::unexpected{refusal(404, "session not found; open one with initialize")};
    }
    return session;
}

Task<void> serve_post(std::shared_ptr<Protocol> protocol,
                      Inbound inbound,
                      LegacyMessages body,
                      http::Exchange& exchange)
{
    auto form = body.is_batch ? Form::array : Form::one;
    const auto refuse_with = [&](Refusal why) {
        return send(refused(*protocol, inbound, body, form, std::move(why)), exchange);
    };
    const auto accepted = accepts(inbound.headers);
    if (!accepted.json && !accepted.events) {
        return refuse_with(refusal(406, "Accept must list application/json and text/event-stream"));
    }
    if (std::ranges::any_of(body.messages, is_initialize)) {
        if (body.is_batch) return refuse_with(refusal(400, "initialize must not be in a batch"));
        if (!names_legacy_revision(inbound.headers)) {
            return refuse_with(refusal(400, "MCP-Protocol-Version names no revision of this era"));
        }
        auto request = *std::get_if<RpcRequest>(&body.messages.front());
        return serve_initialize(std::move(protocol), std::move(inbound), std::move(request),
                                exchange);
    }
    if (is_early_ping(inbound, body)) {
        auto request = *std::get_if<RpcRequest>(&body.messages.front());
        return serve_early_ping(std::move(protocol), std::move(inbound), std::move(request),
                                exchange);
    }
    auto session = find_session(*protocol, inbound);
    if (!session) return refuse_with(std::move(session).error());
    if ((*session)->terms().revision != Revision::v2025_03_26) form = Form::one;
    if (auto problem = body_problem(*protocol, **session, body)) {
        return refuse_with(*std::move(problem));
    }
    for (const auto& message : body.messages) {
        if (const auto* notification = std::get_if<RpcNotification>(&message)) {
            hear(**session, *notification);
        } else if (const auto* response = std::get_if<RpcResponse>(&message)) {
            if (response->id) (*session)->resolve(*response->id, response->message);
        }
    }
    DeliveryOptions options{.accepts = accepted,
                            .keep_alive_interval = protocol->settings.keep_alive_interval,
                            .stream = {},
                            .retry = retry_for(*protocol, **session),
                            .is_batch = body.is_batch,
                            .requests = ids_in(body)};
    auto misfits = misfits_in(*protocol, inbound, body);
    auto asked = questions(inbound, *session, std::move(body));
    if (asked.empty() && misfits.empty()) return send(empty_reply(202), exchange);
    return serve_requests(std::move(protocol), *std::move(session),
                          {std::move(asked), std::move(misfits)}, std::move(options), exchange);
}

Task<void> serve_get(std::shared_ptr<Protocol> protocol, Inbound inbound, http::Exchange& exchange)
{
    const auto refuse_with = [&](Refusal why) {
        return send(refused(*protocol, inbound, std::move(why)), exchange);
    };
    if (!accepts(inbound.headers).events) {
        return refuse_with(refusal(406, "Accept must list text/event-stream"));
    }
    const auto session = find_session(*protocol, inbound);
    if (!session) return refuse_with(session.error());
    DeliveryOptions options{.accepts = {.json = false, .events = true},
                            .keep_alive_interval = protocol->settings.keep_alive_interval,
                            .stream = "0",
                            .retry = retry_for(*protocol, **session),
                            .begins_now = true,
                            .ends = stream_end(*protocol, inbound.principal)};
    const auto last = single_header(inbound.headers, "last-event-id");
    if (last.state == State::absent) {
        if ((*session)->standalone()->has_reader()) {
            return refuse_with(refusal(409, "this session has its GET stream already"));
        }
        (*session)->listen(knowledge_of(*protocol, inbound.principal));
        return stream(*session, (*session)->standalone(), std::move(options), exchange);
    }
    const auto event = parse_event_id(last.value);
    auto outbox = event ? (*session)->find_stream(event->stream) : nullptr;
    if (!outbox) {
        return refuse_with(refusal(400, "Last-Event-ID names no stream that can be resumed"));
    }
    if (outbox == (*session)->standalone()) {
        (*session)->listen(knowledge_of(*protocol, inbound.principal));
    }
    options.stream = event->stream;
    options.retry.reset();
    outbox->rewind_to(event->number);
    return stream(*session, std::move(outbox), std::move(options), exchange);
}

Task<void> serve_delete(std::shared_ptr<Protocol> protocol,
                        Inbound inbound,
                        http::Exchange& exchange)
{
    const auto session = find_session(*protocol, inbound);
    if (!session) return send(refused(*protocol, inbound, session.error()), exchange);
    protocol->sessions.close((*session)->id(), (*session)->terms().principal);
    return send(empty_reply(204), exchange);
}

}  // namespace tailops::mcp::legacy
