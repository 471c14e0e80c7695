#include "gateway/http/wire.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace tailops::http {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t read_chunk_bytes = 16 * 1024;
// Above this a producer of events waits: some 600 events of 100 bytes share one system call.
constexpr std::size_t outbox_high_bytes = 64 * 1024;
// How long an answered client may go on sending before it gets a reset.
constexpr auto linger_time = 2s;
constexpr std::size_t linger_bytes_max = 1024 * 1024;
// What a buffer may keep between two requests.
constexpr std::size_t kept_bytes = 1024;

bool has_ended(IoState state)
{
    return state == IoState::closed || state == IoState::failed;
}

}  // namespace

/// The completion of a readiness wait. Destroyed without a call (the io_context goes away), it
/// drops the coroutine that waits, which would otherwise keep the Wire alive that holds it.
struct Wire::Ready {
    Ready(std::shared_ptr<Wire> wire, Direction which) : owner{std::move(wire)}, direction{which} {}
    Ready(Ready&&) noexcept = default;
    Ready& operator=(Ready&&) = delete;
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
    ~Ready()
    {
        if (owner) owner->abandon(direction);
    }

    void operator()(boost::system::error_code = {})
    {
        const auto wire = std::move(owner);
        wire->on_ready(direction);
    }

    std::shared_ptr<Wire> owner;
    Direction direction;
};

template <class Handler>
struct Wire::WaitingHandler final : Waiting {
    explicit WaitingHandler(Handler waiting) : handler{std::move(waiting)} {}
    void resume(Woke why) override { std::move(handler)(why); }
    Handler handler;
};

Wire::Wire(Socket socket,
           std::unique_ptr<ByteStream> stream,
           std::chrono::steady_clock::duration write_stall)
    : socket_{std::move(socket)},
      stream_{std::move(stream)},
      write_stall_{write_stall},
      timer_{socket_.get_executor()}
{
}

Wire::~Wire() = default;

void Wire::wake(Waiter& waiter, Woke why)
{
    if (!waiter) return;
    const auto woken = std::move(waiter);
    woken->resume(why);
}

Task<Woke> Wire::wait(Direction direction, Deadline deadline)
{
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Woke)>(
        [](auto handler, Wire* self, Direction which, Deadline until) {
            auto& slot = which == Direction::read ? self->reader_ : self->writer_;
            slot = std::make_unique<WaitingHandler<decltype(handler)>>(std::move(handler));
            if (self->closed_) {
                asio::post(self->socket_.get_executor(), Ready{self->shared_from_this(), which});
                return;
            }
            self->set_deadline(until);
            self->arm(which);
        },
        asio::use_awaitable, this, direction, deadline);
}

Task<Woke> Wire::wait_for(IoState state, Deadline deadline)
{
    return wait(state == IoState::want_write ? Direction::write : Direction::read, deadline);
}

void Wire::arm(Direction direction)
{
    auto& armed = direction == Direction::read ? read_armed_ : write_armed_;
    if (armed || closed_) return;
    armed = true;
    socket_.async_wait(direction == Direction::read ? Socket::wait_read : Socket::wait_write,
                       Ready{shared_from_this(), direction});
}

void Wire::on_ready(Direction direction)
{
    // The next read or write tells what is the matter, if anything is.
    const auto why = closed_ ? Woke::closed : Woke::ready;
    if (direction == Direction::write) {
        write_armed_ = false;
        if (writer_) {
            set_deadline(Deadline::max());
            wake(writer_, why);
        } else {
            flush();
        }
        return;
    }
    read_armed_ = false;
    if (reader_) {
        set_deadline(Deadline::max());
        in_read_callback_ = true;
        wake(reader_, why);
        in_read_callback_ = false;
    } else if (watcher_) {
        check_for_hang_up();
    }
    // A handler that answered at once never costs a watch: only one that has let go of the strand.
    look_on();
}

void Wire::abandon(Direction direction)
{
    closed_ = true;
    if (direction == Direction::read) {
        const Waiter dropped = std::move(reader_);
    } else {
        const Waiter dropped = std::move(writer_);
        const Waiter also = std::move(drainer_);
    }
}

Task<WireState> Wire::handshake(Deadline deadline)
{
    for (;;) {
        const auto state = closed_ ? IoState::closed : stream_->handshake().state;
        if (state == IoState::done) co_return WireState::ok;
        if (has_ended(state)) co_return WireState::closed;
        const auto woke = co_await wait_for(state, deadline);
        if (woke == Woke::timed_out) co_return WireState::timed_out;
        if (woke == Woke::closed) co_return WireState::closed;
    }
}

// Not part of the coroutine: its buffer would live in the frame, in every idle connection.
IoState Wire::read_now(std::string& into, std::size_t max)
{
    if (closed_) return IoState::closed;
    std::array<char, read_chunk_bytes> bytes;  // NOLINT(*-member-init): read as far as written
    const auto result = stream_->read({bytes.data(), std::min(max, bytes.size())});
    if (result.state == IoState::done) into.append(bytes.data(), result.bytes);
    return result.state;
}

IoResult Wire::write_now(std::span<const std::string_view> parts)
{
    // A closed descriptor's number may be another connection's by now.
    if (closed_) return {IoState::closed, 0};
    return stream_->write(parts);
}

Task<WireState> Wire::read_some(std::string& into, std::size_t max, Deadline deadline)
{
    auto next = IoState::want_read;
    bool must_wait = !stream_->holds_input();
    for (;;) {
        if (must_wait) {
            const auto woke = co_await wait_for(next, deadline);
            if (woke == Woke::timed_out) co_return WireState::timed_out;
            if (woke == Woke::closed) co_return WireState::closed;
        }
        must_wait = true;
        const auto state = read_now(into, max);
        if (state == IoState::done) co_return WireState::ok;
        if (has_ended(state)) co_return WireState::closed;
        next = state;
    }
}

Task<WireState> Wire::write_all(std::string_view head, std::string_view body)
{
    std::array<std::string_view, 2> parts{head, body};
    while (!parts[0].empty() || !parts[1].empty()) {
        const auto result = write_now(parts);
        if (result.state == IoState::done) {
            const auto from_head = std::min(result.bytes, parts[0].size());
            parts[0].remove_prefix(from_head);
            parts[1].remove_prefix(result.bytes - from_head);
            continue;
        }
        if (has_ended(result.state)) {
            output_state_ = WireState::closed;
            co_return WireState::closed;
        }
        const auto woke = co_await wait_for(result.state, after(write_stall_));
        if (woke == Woke::ready) continue;
        output_state_ = woke == Woke::timed_out ? WireState::timed_out : WireState::closed;
        co_return output_state_;
    }
    co_return WireState::ok;
}

void Wire::flush_soon()
{
    if (flush_posted_ || write_armed_) return;
    flush_posted_ = true;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->flush();
    });
}

bool Wire::is_congested() const noexcept
{
    return outbox_.size() >= outbox_high_bytes;
}

void Wire::flush()
{
    if (write_armed_) return;
    if (stalling_) {
        stalling_ = false;
        set_deadline(Deadline::max());
    }
    while (output_state_ == WireState::ok) {
        if (sent_ == sending_.size()) {
            sending_.clear();
            sent_ = 0;
            if (outbox_.empty()) break;
            sending_.swap(outbox_);
        }
        const std::array<std::string_view, 1> parts{std::string_view{sending_}.substr(sent_)};
        const auto result = write_now(parts);
        if (result.state == IoState::done) {
            sent_ += result.bytes;
            continue;
        }
        if (has_ended(result.state)) {
            fail_output(WireState::closed);
            break;
        }
        stalling_ = true;
        set_deadline(after(write_stall_));
        arm(Direction::write);
        return;
    }
    wake(drainer_, Woke::ready);
}

void Wire::fail_output(WireState state)
{
    output_state_ = state;
    outbox_ = {};
    sending_ = {};
    sent_ = 0;
    hang_up();
}

Task<WireState> Wire::drained()
{
    flush();
    // What is left waits for an armed write, whose completion owns this Wire and ends the wait.
    if (output_state_ == WireState::ok && write_armed_) {
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Woke)>(
            [](auto handler, Wire* self) {
                self->drainer_ =
                    std::make_unique<WaitingHandler<decltype(handler)>>(std::move(handler));
            },
            asio::use_awaitable, this);
    }
    co_return output_state_;
}

void Wire::set_deadline(Deadline deadline)
{
    deadline_ = deadline;
    if (deadline < timer_at_ && !closed_) arm_timer(deadline);
}

void Wire::arm_timer(Deadline deadline)
{
    timer_at_ = deadline;
    const auto generation = ++timer_generation_;
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this(), generation](boost::system::error_code) {
        if (generation == self->timer_generation_) self->on_timer();
    });
}

void Wire::on_timer()
{
    timer_at_ = Deadline::max();
    if (closed_ || deadline_ == Deadline::max()) return;
    if (std::chrono::steady_clock::now() < deadline_) {
        arm_timer(deadline_);
        return;
    }
    deadline_ = Deadline::max();
    if (reader_) {
        wake(reader_, Woke::timed_out);
    } else if (writer_) {
        wake(writer_, Woke::timed_out);
    } else {
        fail_output(WireState::timed_out);
        wake(drainer_, Woke::timed_out);
    }
}

void Wire::close()
{
    if (closed_) return;
    closed_ = true;
    gone_ = true;
    stream_->say_goodbye();
    boost::system::error_code ignored;
    socket_.close(ignored);
    ++timer_generation_;
    timer_.cancel();
    if (looker_) looker_->cancel();
    if (output_state_ == WireState::ok) output_state_ = WireState::closed;
}

Task<void> Wire::linger()
{
    if (closed_ || gone_) co_return;
    stream_->say_goodbye();
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    const auto deadline = after(linger_time);
    std::size_t total = 0;
    while (total < linger_bytes_max) {
        inbox_.clear();
        if (co_await read_some(inbox_, read_chunk_bytes, deadline) != WireState::ok) break;
        total += inbox_.size();
    }
}

void Wire::release_buffers()
{
    for (auto* buffer : {&inbox_, &outbox_, &sending_}) {
        if (buffer->empty() && buffer->capacity() > kept_bytes) std::string{}.swap(*buffer);
    }
}

}  // namespace tailops::http
