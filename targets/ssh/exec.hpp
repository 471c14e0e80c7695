#pragma once

#include "gateway/async/commitment.hpp"
#include "targets/output.hpp"
#include "targets/ssh/session.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace tailops::targets::ssh {

/// How patient we are; the defaults are what runs, tests shorten them.
struct Timing {
    // A command told to end gets this long, twice: once after TERM, once after KILL.
    std::chrono::milliseconds stop_grace{1000};
    // A daemon started by a command may keep its output open for good: this long after the command
    // has ended, and with nothing new, we stop listening.
    std::chrono::milliseconds linger{1000};
    // Room for another channel appears when another command ends; a server that has none for this
    // long while we run nothing there is configured too small.
    std::chrono::milliseconds no_room_patience{3000};
    std::chrono::minutes idle_close{10};
    std::chrono::milliseconds keepalive{15'000};
};

/// A command to be run over SSH.
struct Order {
    std::string line;  // from shell_line()
    std::string input;
    OutputBounds bounds;  // of each stream
    Deadline deadline;
    Commitment commitment{};  // begun when the command is sent
};

/// What became of it. `sent` tells whether the server may have seen the command at all.
struct Attempt {
    Result<ExecutionResult> result;
    bool sent{false};
};

/// Runs one command on `session`, on its strand. When the deadline passes or the caller is
/// cancelled the command is told to end (TERM, then KILL), and the error says what is known of it.
/// Errors: busy, unreachable, unauthorized_there, deadline_exceeded, cancelled.
Task<Attempt> run_order(std::shared_ptr<Session> session,
                        std::shared_ptr<const Order> order,
                        Timing timing);

/// Opens a channel and closes it again. Errors: as above.
Task<Status> try_channel(std::shared_ptr<Session> session, Deadline deadline, Timing timing);

}  // namespace tailops::targets::ssh
