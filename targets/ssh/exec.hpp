#pragma once

#include "gateway/async/commitment.hpp"
#include "targets/output.hpp"
#include "targets/ssh/run_mark.hpp"
#include "targets/ssh/session.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tailops::targets::ssh {

/// How patient we are; the defaults are what runs, tests shorten them.
struct Timing {
    // A command told to end gets this long, twice: once after TERM, once after KILL.
    std::chrono::milliseconds stop_grace{1000};
    // A daemon started by a command may keep its output open for good: when a server that answers
    // has sent nothing new for this long after the command ended, we stop listening.
    std::chrono::milliseconds linger{1000};
    // What ends a command that the server did not end: a channel, TERM and KILL (run_mark.hpp).
    std::chrono::milliseconds sweep{6000};
    // Room for another channel appears when another command ends; a server that has none for this
    // long while we run nothing there is configured too small.
    std::chrono::milliseconds no_room_patience{3000};
    std::chrono::minutes idle_close{10};
    std::chrono::milliseconds keepalive{15'000};
    // A refused login is not tried again for this long, three times as long after each further
    // refusal: fail2ban shuts out whoever is refused five times within ten minutes.
    std::chrono::milliseconds refusal_pause{30'000};
    std::chrono::milliseconds refusal_pause_max{300'000};
};

/// A command to be run over SSH.
struct Order {
    std::string line;             // from shell_line()
    std::optional<RunMark> mark;  // by which what it starts can be found
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
/// cancelled the command is told to end (TERM, then KILL), where the server does not do that by a
/// second command, and the error says what is known of it. A result is whole: a command whose end
/// is known, but of whose output the end did not arrive, is an error.
/// Errors: busy, unreachable, unauthorized_there, deadline_exceeded, cancelled.
Task<Attempt> run_order(std::shared_ptr<Session> session,
                        std::shared_ptr<const Order> order,
                        Timing timing);

/// Opens a channel and closes it again. Errors: as above.
Task<Status> try_channel(std::shared_ptr<Session> session, Deadline deadline, Timing timing);

}  // namespace tailops::targets::ssh
