#include "gateway/http/connection.hpp"

#include "gateway/core/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace tailops::http {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// What a client has to take the answer of a cancelled handler.
constexpr auto last_words_time = 1s;

constexpr Refusal header_timeout{408, "the request head took too long"};
constexpr Refusal header_too_large{431, "the request head is too large"};

/// What an exception was, for the log; nothing when it is how a cancelled coroutine ends.
std::optional<std::string> bug_in(const std::exception_ptr& thrown, bool was_cancelled)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
        if (was_cancelled && error.code() == asio::error::operation_aborted) return std::nullopt;
        return error.what();
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

/// An empty line or two before a request line is forgiven (RFC 9112 section 2.2).
void drop_empty_lines(std::string& inbox)
{
    std::size_t count = 0;
    while (inbox.compare(count, 2, "\r\n") == 0) count += 2;
    inbox.erase(0, count);
}

}  // namespace

Connection::Connection(std::shared_ptr<Wire> wire,
                       std::shared_ptr<const ConnectionContext> context,
                       Roster::Seat seat,
                       std::string peer,
                       asio::any_io_executor strand)
    : wire_{std::move(wire)},
      context_{std::move(context)},
      seat_{std::move(seat)},
      peer_{std::move(peer)},
      strand_{std::move(strand)},
      last_words_{strand_}
{
}

void Connection::start(std::shared_ptr<Wire> wire,
                       std::shared_ptr<const ConnectionContext> context,
                       Roster::Seat seat,
                       std::string peer,
                       asio::any_io_executor strand)
{
    auto self = std::make_shared<Connection>(std::move(wire), std::move(context), std::move(seat),
                                             std::move(peer), strand);
    self->seat_.occupy(self);
    // The handler runs in this coroutine, so the hang-up signal is the coroutine's own.
    auto slot = self->hang_up_.slot();
    asio::co_spawn(
        strand, [self] { return self->run(); },
        asio::bind_cancellation_slot(slot, [self](std::exception_ptr thrown) {
            self->wire_->close();
            self->last_words_.cancel();
            if (!thrown) return;
            if (auto bug = bug_in(thrown, self->cancelled_)) {
                log(Event::internal_error, {{"where", "connection"}, {"what", std::move(*bug)}});
            }
        }));
}

Task<void> Connection::run()
{
    const auto greeted = co_await wire_->handshake(after(context_->limits.header_read_timeout));
    if (greeted != WireState::ok) {
        log(Event::connection_failed, {{"peer", peer_}, {"why", "TLS handshake"}});
        co_return;
    }
    while (co_await serve_one()) {
        // A client that has its next request here already, and the next, lets the others have a
        // turn.
        if (wire_->holds_request()) co_await asio::post(strand_, asio::use_awaitable);
    }
}

Task<bool> Connection::serve_one()
{
    path_.clear();
    phase_ = Phase::idle;
    if (!co_await wait_for_request()) co_return false;
    phase_ = Phase::reading;

    auto head = co_await read_head();
    if (!head) {
        if (head.error()) co_await refuse(*head.error());
        co_return false;
    }
    const bool closes = head->wants_close || !head->is_http11;
    const auto then = closes ? After::close : After::keep_alive;
    WireBody body{*wire_, *head, context_->limits, context_->bodies->hold(peer_), hang_up_};
    const AnswerTerms terms{
        .is_head = head->method == "HEAD", .is_http11 = head->is_http11, .after = then};
    path_ = head->path;
    // Named: g++ 12 copies an aggregate made inside a co_await expression bit by bit.
    Request request{.method = std::move(head->method),
                    .path = std::move(head->path),
                    .query = std::move(head->query),
                    .headers = std::move(head->headers),
                    .body = &body,
                    .peer = peer_};
    co_return co_await answer(std::move(request), body, terms);
}

Task<bool> Connection::wait_for_request()
{
    auto& inbox = wire_->inbox();
    const auto deadline = after(context_->limits.idle_timeout);
    for (;;) {
        drop_empty_lines(inbox);
        if (!inbox.empty() && inbox != "\r") co_return true;
        if (draining_) co_return false;
        wire_->release_buffers();
        const auto read = co_await wire_->read_some(inbox, context_->limits.header_bytes, deadline);
        if (read != WireState::ok) co_return false;
    }
}

Task<std::expected<MessageHead, Connection::Ending>> Connection::read_head()
{
    auto& inbox = wire_->inbox();
    const auto limit = context_->limits.header_bytes;
    const auto deadline = after(context_->limits.header_read_timeout);
    HeadScanner scanner;
    for (;;) {
        const auto length = scanner.scan(inbox);
        if (!length) co_return std::unexpected{Ending{length.error()}};
        if (*length > limit || (*length == 0 && inbox.size() >= limit)) {
            co_return std::unexpected{Ending{header_too_large}};
        }
        if (*length > 0) co_return take_head(*length);
        const auto read = co_await wire_->read_some(inbox, limit - inbox.size(), deadline);
        if (read == WireState::timed_out) co_return std::unexpected{Ending{header_timeout}};
        if (read == WireState::closed) co_return std::unexpected{Ending{}};
    }
}

std::expected<MessageHead, Connection::Ending> Connection::take_head(std::size_t length)
{
    auto& inbox = wire_->inbox();
    const auto bytes = std::string_view{inbox}.substr(0, length);
    path_ = path_in(bytes);  // a refusal has the shape of the path
    auto head = parse_head(bytes);
    if (!head) return std::unexpected{Ending{head.error()}};
    inbox.erase(0, length);
    path_ = head->path;
    if (auto refusal = context_->sites.check(*head)) return std::unexpected{refusal};
    return std::move(*head);
}

Task<bool> Connection::answer(Request request, WireBody& body, AnswerTerms terms)
{
    WireExchange exchange{*wire_, terms, draining_, &body};
    std::exception_ptr thrown;
    phase_ = Phase::answering;
    wire_->watch(hang_up_);
    try {
        co_await context_->handler(std::move(request), exchange);
    } catch (...) {
        thrown = std::current_exception();
    }
    wire_->unwatch();
    // Whatever the handler did to this coroutine's cancellation ends with the handler.
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_await asio::this_coro::throw_if_cancelled(true);
    // What was held of its body is gone, whatever is still to be said to the client.
    body.let_go();
    if (body.ending() && !thrown && exchange.stage() == WireExchange::Stage::fresh) {
        if (*body.ending()) co_await refuse(**body.ending());
        co_return false;
    }
    const bool goes_on = co_await finish(exchange, thrown);
    phase_ = Phase::ending;
    if (!goes_on) co_await wire_->linger();
    co_return goes_on;
}

Task<bool> Connection::finish(WireExchange& exchange, std::exception_ptr thrown)
{
    bool has_failed = false;
    if (thrown) {
        if (auto bug = bug_in(thrown, cancelled_ || wire_->is_gone())) {
            log(Event::internal_error,
                {{"where", "handler of " + path_}, {"what", std::move(*bug)}});
        }
        has_failed = true;
    }
    switch (exchange.stage()) {
    case WireExchange::Stage::sending_body:
    case WireExchange::Stage::streaming:
        if (has_failed) {
            // Without its last chunk the client sees that the stream broke off.
            co_await wire_->drained();
            co_return false;
        }
        if (auto ended = co_await exchange.end_stream(); !ended) {
            if (ended.error().code() == Errc::internal) {
                log(Event::internal_error,
                    {{"where", "handler of " + path_}, {"what", ended.error().public_message()}});
            }
            co_return false;
        }
        break;
    case WireExchange::Stage::fresh: {
        if (wire_->is_gone()) co_return false;
        if (!has_failed && !cancelled_) {
            log(Event::internal_error, {{"where", "handler of " + path_}, {"what", "no answer"}});
        }
        exchange.close_after();
        auto sorry = cancelled_
                         ? context_->refusal(503, "the gateway is stopping", path_)
                         : context_->refusal(500, "the gateway failed; its log says why", path_);
        if (auto sent = co_await exchange.reply(std::move(sorry)); !sent) co_return false;
        break;
    }
    case WireExchange::Stage::replied:
    case WireExchange::Stage::ended: break;
    }
    const bool is_well = !wire_->is_gone() && wire_->output_state() == WireState::ok;
    co_return is_well&& exchange.after() == After::keep_alive;
}

Task<void> Connection::refuse(Refusal refusal)
{
    phase_ = Phase::ending;
    log(Event::protocol_error, {{"peer", peer_},
                                {"status", std::to_string(refusal.status)},
                                {"why", std::string{refusal.message}}});
    WireExchange exchange{*wire_, {.after = After::close}, draining_, nullptr};
    auto reply = context_->refusal(refusal.status, refusal.message, path_);
    if (refusal.status == 503) reply.headers.emplace_back("Retry-After", "1");
    const auto sent = co_await exchange.reply(std::move(reply));
    if (sent) co_await wire_->linger();
}

void Connection::stop(StopHow how)
{
    asio::post(strand_, [self = shared_from_this(), how] { self->stop_on_strand(how); });
}

void Connection::stop_on_strand(StopHow how)
{
    draining_ = true;
    if (phase_ == Phase::idle) return wire_->close();
    if (how != StopHow::now) return;
    if (phase_ != Phase::answering) return wire_->close();
    cancelled_ = true;
    await_last_words();
    hang_up_.emit(asio::cancellation_type::terminal);
}

/// Closes on a client that does not take its answer. A call that is not to be interrupted (it
/// changes something) gets the time that it needs: its client is to hear how that ended.
void Connection::await_last_words()
{
    last_words_.expires_after(last_words_time);
    last_words_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        const bool is_at_work = self->phase_ == Phase::answering && !self->wire_->owes_bytes();
        if (!cancelled) is_at_work ? self->await_last_words() : self->wire_->close();
    });
}

}  // namespace tailops::http
