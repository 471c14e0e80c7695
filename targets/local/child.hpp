#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/output.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

namespace tailops::targets {

/// A process that we started, with pipes to its three standard streams and a pidfd that tells of
/// its end. Leads its own process group. Used from one strand.
class Child {
public:
    /// Errors: not_found (no such program), invalid_argument (empty argv, NUL in it), internal.
    static Result<Child> spawn(const boost::asio::any_io_executor& home, const Command& command);

    Child(Child&&) = default;
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Kills and reaps what still runs.
    ~Child();

    /// Feeds `input`, collects both outputs within `bounds` each, and waits for the end.
    /// Errors: cancelled.
    Task<Result<ExecutionResult>> communicate(std::string input, OutputBounds bounds);

    /// Ends the whole process group: TERM, `grace` later KILL. Call with cancellation disabled.
    Task<Remains> stop(std::chrono::milliseconds grace);

private:
    using Stream = boost::asio::posix::stream_descriptor;

    Child(const boost::asio::any_io_executor& home, pid_t pid, int pidfd);
    struct Exchange;
    Task<void> exchange(Exchange& state);
    Task<void> await_end(Exchange& state);
    bool reap(ExecutionResult& result);
    Task<bool> ended_within(std::chrono::milliseconds time);

    struct Released {
        pid_t value{-1};
        explicit Released(pid_t pid) : value{pid} {}
        Released(Released&& other) noexcept : value{std::exchange(other.value, -1)} {}
        Released(const Released&) = delete;
        Released& operator=(const Released&) = delete;
        ~Released() = default;
    };
    Released pid_;
    bool reaped_{false};
    Stream pidfd_;
    Stream in_, out_, err_;
};

}  // namespace tailops::targets
