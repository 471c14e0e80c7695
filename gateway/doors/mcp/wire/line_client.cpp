#include "gateway/doors/mcp/wire/line_client.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/request_id.hpp"
#include "gateway/doors/mcp/eras/era.hpp"
#include "gateway/doors/mcp/wire/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace tailops::mcp {
namespace asio = boost::asio;

namespace {

using nlohmann::json;

enum class Era { modern, legacy };

/// The id in a notifications/cancelled.
std::optional<MessageId> cancelled_id(const Message& message)
{
    const auto* notification = std::get_if<RpcNotification>(&message);
    if (!notification || notification->method != "notifications/cancelled") return std::nullopt;
    const auto* id =
        notification->params ? find_member(*notification->params, "requestId") : nullptr;
    return id ? MessageId::from(*id) : std::nullopt;
}

/// The same notification as a legacy client writes it. The requests of both eras share their ids
/// here, so it does not matter which era the one that cancels says it is of.
Message as_legacy(const Message& message)
{
    const auto& cancelled = *std::get_if<RpcNotification>(&message);
    auto params = *cancelled.params;
    params.erase("_meta");
    return RpcNotification{cancelled.method, std::make_shared<const json>(std::move(params))};
}

const RpcRequest* request_in(const Decoded& decoded)
{
    const auto* message = std::get_if<Message>(&decoded);
    return message ? std::get_if<RpcRequest>(message) : nullptr;
}

/// Whether `decoded` asks for nothing: it is dealt with at once and in its place, and whatever is
/// wrong with it, nothing may be answered (JSON-RPC 2.0 section 4.1).
bool is_only_told(const Decoded& decoded)
{
    const auto* message = std::get_if<Message>(&decoded);
    return message && (std::holds_alternative<RpcNotification>(*message) ||
                       std::holds_alternative<RpcResponse>(*message));
}

}  // namespace

/// One message being served: what is said of it becomes lines, whether it would be a reply or
/// events.
struct LineClient::Served : http::Exchange {
    Served(Lines& to, std::optional<MessageId> request, Era of)
        : lines{to},
          id{std::move(request)},
          era{of}
    {
    }
    explicit Served(Lines& to) : Served{to, std::nullopt, Era::legacy} {}

    Task<Status> reply(http::Reply reply) override
    {
        for (auto& [name, value] : reply.headers) {
            if (name == "Mcp-Session-Id") session = value;
        }
        return say(std::move(reply.body));
    }
    Task<Status> event(std::string_view, std::string_view data) override
    {
        return say(std::string{data});
    }
    // Nothing stands between the lines.
    Task<Status> begin_events(http::Headers) override { return say({}); }
    Task<Status> prime(std::string_view, std::chrono::milliseconds) override { return say({}); }
    Task<Status> keep_alive() override { return say({}); }

    Task<Status> say(std::string line)
    {
        if (line.empty() || is_silenced) co_return Status{};
        co_return co_await lines.write(std::move(line));
    }

    Lines& lines;
    const std::optional<MessageId> id;  // of the request; none: of no one
    const Era era;
    std::string session;      // that the answer opened
    bool is_silenced{false};  // no message may be sent for it
    asio::cancellation_signal signal;
};

LineClient::LineClient(Endpoint& endpoint, Lines& lines, Settings settings)
    : endpoint_{endpoint},
      lines_{lines},
      settings_{std::move(settings)}
{
}

Task<void> LineClient::run()
{
    const auto self = shared_from_this();
    changed_.emplace(co_await asio::this_coro::executor, Deadline::max());
    co_await read_all();
    // Streams end of themselves only here: nobody is left to close them.
    endpoint_.drain();
    if (!is_stopping_) co_await wait_for_the_last(after(settings_.grace));
    cancel_all();
    co_await wait_for_the_last(Deadline::max());
    is_over_ = true;
    changed_->cancel();
}

Task<void> LineClient::stop()
{
    is_stopping_ = true;
    lines_.close();
    if (!changed_) co_return;  // it has not begun
    cancel_all();
    changed_->cancel();
    while (!is_over_) co_await changed_->async_wait(asio::as_tuple(asio::use_awaitable));
}

Task<void> LineClient::read_all()
{
    while (!is_stopping_) {
        auto line = co_await lines_.read();
        if (!line) {
            if (line.error().code() != Errc::invalid_argument) co_return;
            auto refusal =
                error_message(std::nullopt, code::invalid_request, line.error().public_message());
            if (!co_await lines_.write(std::move(refusal))) co_return;
            continue;
        }
        if (!*line) co_return;
        const bool is_blank = (*line)->find_first_not_of(" \t\r") == std::string::npos;
        if (!is_blank) co_await take(decode(**line, settings_.json_depth_max));
    }
}

Task<void> LineClient::take(Decoded message)
{
    if (auto* one = std::get_if<Message>(&message)) {
        if (const auto id = cancelled_id(*one)) {
            cancel(*id);
            if (session_.empty()) co_return;
            *one = as_legacy(*one);
        }
    }
    const auto* request = request_in(message);
    const bool opens = request && request->method == "initialize";
    const auto served = std::make_shared<Served>(lines_);
    served->is_silenced = is_only_told(message);
    if (opens || served->is_silenced) {
        auto line = line_of(std::move(message));
        co_await serve_now(std::move(line), served);
        co_return;
    }
    auto id = request ? std::optional{request->id} : std::nullopt;
    const bool is_modern = request && claims_modern(*std::get_if<Message>(&message));
    if (under_way_.size() >= settings_.requests_max) {
        constexpr auto why = "too many requests are under way; try again";
        auto refusal = error_message(id, code::internal_error, why);
        (void)co_await lines_.write(std::move(refusal));
        co_return;
    }
    const auto era = is_modern ? Era::modern : Era::legacy;
    const auto serving = std::make_shared<Served>(lines_, std::move(id), era);
    start(serving, endpoint_.serve(line_of(std::move(message)), *serving));
}

Line LineClient::line_of(Decoded message) const
{
    return {.message = std::move(message),
            .session = session_,
            .principal = settings_.admit(),
            .id = mint_request_id()};
}

/// In its place: what comes next may depend on it.
Task<void> LineClient::serve_now(Line line, std::shared_ptr<Served> served)
{
    co_await endpoint_.serve(std::move(line), *served);
    if (served->session.empty()) co_return;
    const auto former = std::exchange(session_, served->session);
    if (!former.empty()) co_await end_session(former);
    follow_session();
}

/// A client that opens another session has forgotten the one it had: its calls and its stream end.
Task<void> LineClient::end_session(std::string session)
{
    auto inbound = about_session("DELETE", std::move(session));
    const auto served = std::make_shared<Served>(lines_);
    co_await endpoint_.serve(std::move(inbound), *served);
}

Inbound LineClient::about_session(std::string method, std::string session) const
{
    return {.method = std::move(method),
            .headers = {{"Mcp-Session-Id", std::move(session)}},
            .body = {},
            .principal = settings_.admit(),
            .id = mint_request_id(),
            .binding = Binding::lines};
}

/// What the gateway says of itself to a legacy client comes on the GET stream of its session.
void LineClient::follow_session()
{
    auto inbound = about_session("GET", session_);
    const auto served = std::make_shared<Served>(lines_);
    start(served, endpoint_.serve(std::move(inbound), *served));
}

void LineClient::start(std::shared_ptr<Served> served, Task<void> serving)
{
    under_way_.push_back(served);
    auto on_end = [self = shared_from_this(), served](std::exception_ptr) {
        std::erase(self->under_way_, served);
        self->changed_->cancel();
    };
    asio::co_spawn(changed_->get_executor(), std::move(serving),
                   asio::bind_cancellation_slot(served->signal.slot(), std::move(on_end)));
}

/// Nothing more is said of the request of that id, whichever era it is of. One of a modern client
/// ends here; one of a legacy client is ended by its session, which is told next.
void LineClient::cancel(const MessageId& id)
{
    const auto all = under_way_;  // cancelling may end them
    for (const auto& served : all) {
        if (served->id != id) continue;
        served->is_silenced = true;
        if (served->era == Era::modern) {
            served->signal.emit(asio::cancellation_type::terminal);
        }
    }
}

void LineClient::cancel_all()
{
    const auto all = under_way_;
    for (const auto& served : all) served->signal.emit(asio::cancellation_type::terminal);
}

Task<void> LineClient::wait_for_the_last(Deadline deadline)
{
    const bool was_stopping = is_stopping_;
    while (!under_way_.empty() && is_stopping_ == was_stopping &&
           std::chrono::steady_clock::now() < deadline) {
        changed_->expires_at(deadline);
        co_await changed_->async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace tailops::mcp
