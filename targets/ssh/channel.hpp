#pragma once

#include "targets/output.hpp"
#include "targets/ssh/session.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tailops::targets::ssh {

/// One channel of a session, with what has arrived on it. Lives on the session's strand.
///
/// Output is always taken in, so the remote side is never held up by our limit. Destroying the
/// channel closes it, which stops nothing on the other side: a command has to be signalled first
/// (exec.hpp).
class Channel {
public:
    /// `bounds` are those of each of the two streams.
    Channel(std::shared_ptr<Session> session, const OutputBounds& bounds);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    /// What the server has told of the channel so far.
    struct Seen {
        OutputCollector output;
        OutputCollector diagnostics;
        std::optional<int> status{};
        std::string signal{};  // "TERM"
        bool eof{false};       // there is no more output
        bool closed{false};
        bool has_ended() const noexcept { return status || !signal.empty() || closed; }
        bool has_all_output() const noexcept { return eof || closed; }
    };
    const Seen& seen() const noexcept { return seen_; }
    /// Moves the output into `result`. Nothing more may arrive.
    void take_output(ExecutionResult& result);

    /// Opens a session channel.
    /// Errors: busy (the server has no room for another), unreachable, deadline_exceeded,
    /// cancelled.
    Task<Status> open(Deadline deadline);

    /// Asks for `line` to be run by the user's shell. After deadline_exceeded, cancelled or
    /// unreachable it is not known whether the command was started; a further call with the same
    /// line then waits on for the answer.
    /// Errors: unauthorized_there (refused), unreachable, deadline_exceeded, cancelled.
    Task<Status> execute(std::string line, Deadline deadline);

    /// Has the server answer something on this channel, of a command that has ended. All that it
    /// had sent before, and all that it had room to send, has arrived then: what it sends is in
    /// order. Errors: unreachable, deadline_exceeded, cancelled.
    Task<Status> confer(Deadline deadline);

    /// Writes as much of `bytes` as the server's window takes now; returns how much that was.
    std::size_t write(std::string_view bytes);
    void end_input();
    /// `name` as in RFC 4254 section 6.9: "TERM", "KILL".
    void signal(const char* name);

    /// Until the command ended, the channel or the session was closed, or the time is up.
    Task<Wake> wait(Deadline deadline);
    /// As wait(), but also whenever the session received anything: for who waits to write on.
    Task<Wake> wait_for_message(Deadline deadline);

    Session& session() const noexcept { return *session_; }

private:
    struct Callbacks;
    template <class Call>
    Task<Result<bool>> ask(Call call, Deadline deadline);

    std::shared_ptr<Session> session_;
    Seen seen_;
    Session::Listener listener_;
    std::unique_ptr<Callbacks> callbacks_;
    ssh_channel_struct* channel_{nullptr};
};

}  // namespace tailops::targets::ssh
