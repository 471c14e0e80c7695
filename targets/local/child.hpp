#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/local/reaper.hpp"
#include "targets/output.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

namespace tailops::targets {

/// A process that we started, with pipes to its three standard streams and a pidfd that hints at
/// its end; only waitid(2) says that it has ended. Leads its own process group. Used from one
/// strand; nothing blocks.
class Child {
public:
    /// Looks the program up in the folders that the child finds in its PATH, never in our own.
    /// Errors: not_found (no such program), invalid_argument (empty argv, NUL in it, too long),
    /// unavailable (no descriptors, processes or memory are left), internal.
    /// With an error no program was started.
    static Result<Child> spawn(const boost::asio::any_io_executor& home,
                               const Command& command,
                               std::shared_ptr<Reaper> reaper);

    Child(Child&&) = default;
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Kills what still runs. What does not end at once is reaped by the reaper.
    ~Child();

    /// Feeds `input`, collects both outputs within `bounds` each, and waits for the end.
    /// Errors: cancelled (this coroutine was, and the process had not ended), outcome_unknown (it
    /// has ended, and somebody else took its status).
    Task<Result<ExecutionResult>> communicate(std::string input, OutputBounds bounds);

    /// Ends the whole process group: TERM, `grace` later KILL. Call with cancellation disabled.
    Task<Remains> stop(std::chrono::milliseconds grace);

private:
    using Stream = boost::asio::posix::stream_descriptor;

    /// What is known of the end: not looked at or not yet, reaped by us, reaped by somebody else.
    enum class End { none, reaped, unknown };
    struct Exchange;

    Child(const boost::asio::any_io_executor& home, std::shared_ptr<Reaper> reaper);
    void watch_for_the_end();
    Task<void> exchange(Exchange& state);
    Task<void> await_end(Exchange& state);
    bool has_ended();
    bool reap(ExecutionResult& result);
    Task<bool> ended();
    Task<bool> ended_within(std::chrono::milliseconds time);
    void signal_group(int number);

    struct Released {
        pid_t value{-1};
        Released() = default;
        Released(Released&& other) noexcept : value{std::exchange(other.value, -1)} {}
        Released(const Released&) = delete;
        Released& operator=(const Released&) = delete;
        ~Released() = default;
    };
    std::shared_ptr<Reaper> reaper_;
    Released pid_;
    End end_{End::none};
    Stream pidfd_;
    Stream in_, out_, err_;
};

}  // namespace tailops::targets
