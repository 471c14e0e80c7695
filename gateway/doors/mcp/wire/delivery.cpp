#include "gateway/doors/mcp/wire/delivery.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <vector>

namespace tailops::mcp {
namespace asio = boost::asio;

namespace {

/// One delivery under way: the reader's ticket, and whether the stream has begun.
class Reading {
public:
    Reading(std::shared_ptr<Outbox> outbox, http::Exchange& exchange, DeliveryOptions options)
        : outbox_{std::move(outbox)},
          exchange_{exchange},
          options_{std::move(options)},
          reader_{*outbox_->attach(Outbox::Takeover::replace)}
    {
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { outbox_->detach(reader_); }

    Task<Status> run()
    {
        if (options_.begins_now) {
            TAILOPS_CO_CHECK(co_await begin());
        }
        for (;;) {
            TAILOPS_CO_CHECK(co_await send_waiting());
            if (outbox_->is_over(reader_)) co_return co_await finish();
            const auto quiet_until = after(options_.keep_alive_interval);
            co_await outbox_->wait(reader_, std::min(quiet_until, options_.ends));
            const auto now = std::chrono::steady_clock::now();
            if (now >= options_.ends) co_return Status{};
            if (now >= quiet_until) {
                TAILOPS_CO_CHECK(co_await keep_alive());
            }
        }
    }

private:
    Task<Status> send_waiting()
    {
        while (auto next = outbox_->take(reader_)) {
            if (is_streaming_) {
                TAILOPS_CO_CHECK(co_await send(*next));
            } else if (next->is_answer) {
                held_.push_back(std::move(*next));
            } else if (options_.accepts.events) {
                TAILOPS_CO_CHECK(co_await begin());
                TAILOPS_CO_CHECK(co_await send(*next));
            }
        }
        co_return Status{};
    }

    Task<Status> begin()
    {
        is_streaming_ = true;
        if (!options_.stream.empty()) outbox_->keep_sent();
        TAILOPS_CO_CHECK(co_await exchange_.begin_events(http::Headers{}));
        if (options_.retry) {
            const auto id = event_id(0);
            TAILOPS_CO_CHECK(co_await exchange_.prime(id, *options_.retry));
        }
        for (const auto& held : held_) {
            TAILOPS_CO_CHECK(co_await send(held));
        }
        held_.clear();
        co_return Status{};
    }

    Task<Status> keep_alive()
    {
        if (!options_.accepts.events) co_return Status{};
        if (!is_streaming_) {
            TAILOPS_CO_CHECK(co_await begin());
        }
        co_return co_await exchange_.keep_alive();
    }

    Task<Status> send(const Outgoing& outgoing)
    {
        const auto id = event_id(outgoing.number);
        co_return co_await exchange_.event(id, outgoing.content.body);
    }

    /// Everything is said. What was held back goes as one reply.
    Task<Status> finish()
    {
        if (is_streaming_) co_return Status{};
        if (options_.is_batch && options_.accepts.json && !held_.empty()) {
            auto reply = to_reply(joined());
            co_return co_await exchange_.reply(std::move(reply));
        }
        if (held_.size() == 1) {
            auto answer = std::move(held_.front().content);
            co_return co_await send_answer(std::move(answer), exchange_, options_.accepts);
        }
        // Cancelled by the client: there is no answer, and no message may be sent for it. A reader
        // of JSON alone must get some reply.
        if (options_.accepts.events) co_return co_await begin();
        for (const auto& request : options_.requests) {
            held_.push_back({.content = cancelled(request)});
        }
        if (held_.empty()) held_.push_back({.content = cancelled(std::nullopt)});
        auto nothing = to_reply(options_.is_batch ? joined() : std::move(held_.front().content));
        co_return co_await exchange_.reply(std::move(nothing));
    }

    static Answer cancelled(std::optional<MessageId> request)
    {
        return to_answer({.code = code::request_cancelled,
                          .message = "the request was cancelled",
                          .id = std::move(request)});
    }

    Answer joined()
    {
        Answer whole;
        whole.body = "[";
        for (const auto& held : held_) {
            if (whole.body.size() > 1) whole.body += ',';
            whole.body += held.content.body;
        }
        whole.body += ']';
        return whole;
    }

    std::string event_id(std::uint64_t number) const
    {
        return options_.stream.empty() ? std::string{}
                                       : options_.stream + '-' + std::to_string(number);
    }

    std::shared_ptr<Outbox> outbox_;
    http::Exchange& exchange_;
    DeliveryOptions options_;
    std::uint64_t reader_;
    bool is_streaming_{false};
    std::vector<Outgoing> held_;  // answers, as long as a JSON reply is possible
};

/// The delivery that starts beside a call once there is something to say before its answer. All of
/// it on the exchange's strand. A call that is answered without a wait never arms it.
struct Pump : std::enable_shared_from_this<Pump> {
    Pump(const asio::any_io_executor& executor,
         std::shared_ptr<Outbox> box,
         http::Exchange& to,
         DeliveryOptions how)
        : home{executor},
          outbox{std::move(box)},
          exchange{&to},
          options{std::move(how)}
    {
        options.begins_now = true;
    }

    /// Runs when the call first lets go of the strand, or after its end.
    void arm_soon()
    {
        asio::post(home, [self = shared_from_this()] {
            if (!self->is_finished) self->arm();
        });
    }

    void arm()
    {
        over.emplace(home, Deadline::max());
        start.emplace(home, options.keep_alive_interval);
        start->async_wait(
            [self = shared_from_this()](boost::system::error_code) { self->begin(); });
        outbox->on_next([weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                asio::post(self->home, [self] { self->start->cancel(); });
            }
        });
    }

    void finish()
    {
        is_finished = true;
        if (start) start->cancel();
    }

    void begin()
    {
        if (is_finished) return;
        is_running = has_run = true;
        asio::co_spawn(
            home, deliver(outbox, *exchange, options),
            asio::bind_cancellation_slot(
                stop.slot(), [self = shared_from_this()](std::exception_ptr, const Status&) {
                    self->is_running = false;
                    self->over->cancel();
                }));
    }

    asio::any_io_executor home;
    std::shared_ptr<Outbox> outbox;
    http::Exchange* exchange;
    DeliveryOptions options;
    std::optional<asio::steady_timer> start;  // once armed
    std::optional<asio::steady_timer> over;
    asio::cancellation_signal stop;
    bool is_finished{false};  // the call has returned: begin no more
    bool is_running{false};   // `exchange` is in use
    bool has_run{false};      // the stream has begun, or failed to
};

/// Waits until the pump has let go of the exchange; a cancelled caller stops it first. Must be
/// awaited with cancellation reset when `is_cancelled`.
Task<void> join(Pump& pump, bool is_cancelled)
{
    while (pump.is_running) {
        if (is_cancelled) {
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            pump.stop.emit(asio::cancellation_type::terminal);
            if (!pump.is_running) co_return;
        }
        co_await pump.over->async_wait(asio::as_tuple(asio::use_awaitable));
        const auto state = co_await asio::this_coro::cancellation_state;
        is_cancelled = is_cancelled || state.cancelled() != asio::cancellation_type::none;
    }
}

}  // namespace

http::Reply to_reply(Answer answer)
{
    http::Reply reply{answer.status, std::move(answer.headers), std::move(answer.body)};
    reply.headers.emplace_back("Content-Type", "application/json");
    return reply;
}

Task<Status> send_answer(Answer answer, http::Exchange& exchange, Accepts accepts)
{
    if (accepts.json || !accepts.events || answer.status != 200) {
        auto reply = to_reply(std::move(answer));
        co_return co_await exchange.reply(std::move(reply));
    }
    TAILOPS_CO_CHECK(co_await exchange.begin_events(std::move(answer.headers)));
    co_return co_await exchange.event(std::string_view{}, answer.body);
}

Task<Status> deliver(std::shared_ptr<Outbox> outbox,
                     http::Exchange& exchange,
                     DeliveryOptions options)
{
    Reading reading{std::move(outbox), exchange, std::move(options)};
    co_return co_await reading.run();
}

Task<void> run_and_deliver(Task<Answer> work,
                           std::shared_ptr<Outbox> outbox,
                           http::Exchange& exchange,
                           DeliveryOptions options)
{
    const auto accepts = options.accepts;
    const auto home = co_await asio::this_coro::executor;
    const auto pump = std::make_shared<Pump>(home, outbox, exchange, std::move(options));
    if (accepts.events) pump->arm_soon();
    std::exception_ptr thrown;
    Answer answer;
    try {
        answer = co_await std::move(work);
    } catch (...) {
        thrown = std::current_exception();
    }
    pump->finish();
    if (pump->is_running) {
        if (!thrown) outbox->answer(std::move(answer));
        // The exchange must not be left to the pump, whatever happens to this request.
        const auto state = co_await asio::this_coro::cancellation_state;
        const bool is_cancelled = thrown || state.cancelled() != asio::cancellation_type::none;
        if (is_cancelled) {
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        }
        co_await join(*pump, is_cancelled);
        if (thrown) std::rethrow_exception(thrown);
        co_return;  // the answer went that way, or nobody reads
    }
    if (thrown) std::rethrow_exception(thrown);
    if (pump->has_run) co_return;  // the stream is over already: nobody reads
    if (outbox->is_empty()) {
        (void)co_await send_answer(std::move(answer), exchange, accepts);
        co_return;
    }
    // Said in the last moment, before the pump could begin: had it begun, has_run would be set.
    outbox->answer(std::move(answer));
    pump->options.begins_now = false;
    (void)co_await deliver(outbox, exchange, pump->options);
}

}  // namespace tailops::mcp
