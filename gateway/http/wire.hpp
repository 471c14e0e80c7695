#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/http/byte_stream.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::http {

/// Why a wait on a Wire ended.
enum class Woke { ready, timed_out, closed };

/// How a read or write on a Wire ended.
enum class WireState { ok, timed_out, closed };

/// Of TCP, or a Unix socket.
using Socket = boost::asio::generic::stream_protocol::socket;

/// One client's socket: waits for it, with one lazily moved timer for all deadlines, batches what
/// is queued for it, and notices when the client hangs up.
///
/// Every member is used from the connection's strand, which is the socket's executor. One coroutine
/// waits at a time. Waits are not cancelled by the coroutine's cancellation slot: a client that has
/// half-closed still gets the reply that is being written; close() ends every wait.
class Wire : public std::enable_shared_from_this<Wire> {
public:
    Wire(Socket socket,
         std::unique_ptr<ByteStream> stream,
         std::chrono::steady_clock::duration write_stall);
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire();

    /// What has been read and not been taken yet.
    std::string& inbox() noexcept { return inbox_; }
    /// Whether something has come that was not taken yet, so that a read would not wait.
    bool holds_request() const;

    Task<WireState> handshake(Deadline deadline);
    /// Appends 1 to `max` bytes to `into`. Holds no buffer while it waits.
    Task<WireState> read_some(std::string& into, std::size_t max, Deadline deadline);
    /// Writes both in one go. A client that takes nothing for the write stall time times out.
    Task<WireState> write_all(std::string_view head, std::string_view body);

    /// Text appended to the outbox is written soon, together with what is appended until then.
    std::string& outbox() noexcept { return outbox_; }
    void flush_soon();
    /// Waits until the outbox has been written, or cannot be.
    Task<WireState> drained();
    /// Whether so much waits to be written that the producer should wait in drained().
    bool is_congested() const noexcept;
    /// Whether the client has yet to take something before more is written.
    bool owes_bytes() const noexcept { return writer_ != nullptr || stalling_; }
    /// Whether queued text could not be written.
    WireState output_state() const noexcept { return output_state_; }

    /// From now to unwatch(), emits terminal cancellation on `signal` when the client hangs up,
    /// also behind requests that it has sent ahead.
    void watch(boost::asio::cancellation_signal& signal);
    void unwatch() noexcept { watcher_ = nullptr; }
    /// Whether the client was found to have hung up.
    bool is_gone() const noexcept { return gone_; }

    /// Says goodbye and closes; waits end with `closed`. Idempotent.
    void close();
    /// Ends our side, then reads what the client still sends for a moment, so that a reset does not
    /// overtake the answer.
    Task<void> linger();
    /// Gives memory back before a long wait.
    void release_buffers();

private:
    enum class Direction { read, write };
    struct Ready;
    /// A coroutine that waits. (any_completion_handler of Boost 1.81 recurses when it is assigned.)
    struct Waiting {
        Waiting() = default;
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        virtual ~Waiting() = default;
        virtual void resume(Woke why) = 0;
    };
    template <class Handler>
    struct WaitingHandler;
    using Waiter = std::unique_ptr<Waiting>;

    Task<Woke> wait(Direction direction, Deadline deadline);
    Task<Woke> wait_for(IoState state, Deadline deadline);
    IoState read_now(std::string& into, std::size_t max);
    IoResult write_now(std::span<const std::string_view> parts);
    void arm(Direction direction);
    void on_ready(Direction direction);
    void abandon(Direction direction);
    void look_on();
    void check_for_hang_up();
    void hang_up();
    void set_deadline(Deadline deadline);
    void arm_timer(Deadline deadline);
    void on_timer();
    void flush();
    void fail_output(WireState state);
    static void wake(Waiter& waiter, Woke why);

    Socket socket_;
    std::unique_ptr<ByteStream> stream_;
    std::chrono::steady_clock::duration write_stall_;

    boost::asio::steady_timer timer_;
    Deadline deadline_{Deadline::max()};  // of the current wait
    Deadline timer_at_{Deadline::max()};  // when timer_ fires; never after deadline_
    unsigned timer_generation_{0};

    Waiter reader_;
    Waiter writer_;
    Waiter drainer_;
    bool read_armed_{false};
    bool write_armed_{false};
    bool in_read_callback_{false};

    std::string inbox_;
    std::string outbox_;   // queued
    std::string sending_;  // being written
    std::size_t sent_{0};  // of sending_
    bool flush_posted_{false};
    bool stalling_{false};  // deadline_ is for the outbox
    WireState output_state_{WireState::ok};

    boost::asio::cancellation_signal* watcher_{nullptr};
    std::optional<boost::asio::steady_timer> looker_;  // made for a client that sends far ahead
    bool gone_{false};
    bool closed_{false};
};

}  // namespace tailops::http
