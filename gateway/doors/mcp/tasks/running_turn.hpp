#pragma once

#include "gateway/async/deadline.hpp"
#include "gateway/doors/mcp/tasks/turn.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace tailops::mcp {

/// A turn of a handler that runs beside the request that began it and so may outlive it: the inner
/// half of a task. All of it lives on the strand it was started on, but for `stop`.
class RunningTurn : public std::enable_shared_from_this<RunningTurn> {
public:
    struct Work {
        McpCaller::Terms terms;
        std::shared_ptr<Outbox> outbox;  // null: nobody listens
        JsonPart answers;
        JsonPart state;
        Handling handling;
        std::shared_ptr<const void> keeps;  // what must live as long as the turn
    };
    static std::shared_ptr<RunningTurn> start(boost::asio::any_io_executor home, Work work);

    /// Waits until the turn has ended or `deadline` passes; tells whether it has ended. One waiter
    /// at a time. Cancelling the wait leaves the turn running.
    Task<bool> wait(Deadline deadline);
    /// As `wait`, for a request that the turn may not outlive: cancelling it stops the turn, waits
    /// for its end and throws operation_aborted.
    Task<bool> attend(Deadline deadline);
    bool has_ended() const noexcept { return turn_.has_value(); }
    /// What it came to; once.
    Result<Turn> take() { return *std::move(turn_); }

    /// Asks the turn to end; what changes something may run on. Safe from any strand.
    void stop();
    /// Calls `then` when the turn has ended, at once if it has.
    void on_end(std::function<void()> then);

    const McpCaller& caller() const noexcept { return caller_; }

    RunningTurn(boost::asio::any_io_executor home, Work work);  ///< use `start`

private:
    static Task<std::optional<Result<Turn>>> run_owned(std::shared_ptr<RunningTurn> self);
    void finish(std::exception_ptr thrown, std::optional<Result<Turn>> turn);

    const boost::asio::any_io_executor home_;
    const Handling handling_;
    const std::shared_ptr<const void> keeps_;
    McpCaller caller_;
    boost::asio::cancellation_signal stop_;
    boost::asio::steady_timer over_;
    std::optional<Result<Turn>> turn_;
    std::function<void()> then_;
};

}  // namespace tailops::mcp
