#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/ssh/handles.hpp"
#include "targets/ssh/key.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/wakeup.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::targets::ssh {

/// A connected byte stream to an SSH server: TCP, or one end of a socket pair that a jump host
/// pumps.
using Socket = boost::asio::generic::stream_protocol::socket;

/// How a session introduces itself.
struct Introduction {
    std::string target;  // the target's id, for messages
    std::string username;
    std::vector<std::string> host_key_types;  // to be asked for first
};

/// One SSH connection, driven by its socket's readiness and never blocking: libssh decodes, Asio
/// waits.
///
/// Everything happens on the strand of the socket's executor. Channels (channel.hpp) share the
/// session; whoever owns it must call close() to end it, or let the last reference go.
class Session : public std::enable_shared_from_this<Session> {
public:
    /// Takes `socket` over. Errors: unavailable (no descriptors are left), internal.
    static Result<std::shared_ptr<Session>> over(Socket socket, Introduction introduction);

    Session(Socket socket, Introduction introduction);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// Exchanges banners and keys. The host key is not judged here.
    /// Errors: unreachable, deadline_exceeded, cancelled.
    Task<Status> exchange_keys(Deadline deadline);

    /// The key the server proved to hold. Errors: internal.
    Result<HostKey> host_key() const;

    /// Logs in with `key`, its certificate first; without a key by the method "none" (RFC 4252
    /// section 5.2), for servers that know by other means who we are. What the server says with a
    /// refusal is in the error's message, escaped and clipped.
    /// Errors: unauthorized_there, unreachable, deadline_exceeded, cancelled.
    Task<Status> log_in(const UserKey& key, Deadline deadline);

    bool is_open() const noexcept { return !failure_; }
    /// Why the session ended; only when it is not open.
    const Error& failure() const noexcept { return *failure_; }

    /// Ends the session: all its channels fail with `why`. Idempotent.
    void close(Error why);

    /// Sends what a libssh call has buffered, and wakes who waits for what it has taken in. To be
    /// called after every libssh call on this session or its channels, and never inside a libssh
    /// callback.
    void drive();
    /// The same, once the caller has let go of the strand: for destructors. They may run while the
    /// event loop goes and takes the coroutines with it that drive() would wake.
    void drive_later();

    /// Takes over a channel that was asked to be opened and is no longer wanted, and frees it once
    /// that can be done without leaving the server's end of it open: after the server has answered
    /// the opening, and after our CLOSE is on its way. Its callbacks must have been removed.
    void retire(ssh_channel_struct* channel);
    /// Notes that the server did not answer when it should have. Whether it is dead, keepalives
    /// tell.
    void doubt() noexcept { is_doubtful_ = true; }
    bool is_doubtful() const noexcept { return is_doubtful_; }
    /// Whether so many retired channels wait that nothing new should be begun on this session.
    bool is_crowded() const noexcept;

    /// Whether the server is known to do nothing about a "signal" request (RFC 4254 section 6.9),
    /// and whether it is known to signal all that the command started and not the command alone.
    bool ignores_signals() const noexcept;
    /// Notes that the server did nothing about signals: OpenSSH does not for root's own sessions,
    /// which it serves without a process of less rights.
    void found_deaf() noexcept { is_deaf_ = true; }
    bool signals_groups() const noexcept;

    /// A wakeup that is rung when the session ends and, if wished, whenever something has arrived.
    class Listener {
    public:
        explicit Listener(Session& session);
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;
        ~Listener();
        Wakeup wakeup;
        bool on_every_message{true};

    private:
        Session& session_;
    };

    /// Bytes received so far: what tells a silent server from a slow command.
    std::uint64_t received() const noexcept;
    /// Asks the server for a sign of life; the answer counts as received.
    void send_keepalive();
    /// From the first command on, acknowledgements may be delayed again (see the .cpp).
    void warmed_up() noexcept { cold_ = false; }
    /// Whether the account has been seen running a line of ours (login_shell.hpp).
    bool is_shell_proven() const noexcept { return shell_proven_; }
    void shell_proven() noexcept { shell_proven_ = true; }

    ssh_session_struct* raw() const noexcept { return session_.get(); }
    const std::string& target() const noexcept { return introduction_.target; }
    boost::asio::any_io_executor executor();
    Alarm& alarm() noexcept { return alarm_; }

private:
    friend class Listener;
    Status configure();
    template <class Call>
    Task<Result<bool>> try_to_log_in(Call call, Deadline deadline);
    std::string server_words() const;
    Error login_ended(Error without_words) const;
    void settle_retired();
    bool is_settled(ssh_channel_struct* channel);
    void acknowledge_quickly() noexcept;
    bool wants_to_write() const noexcept;
    void receive();
    Error loss() const;
    void conclude(int answer);
    void arm();

    Introduction introduction_;
    Socket socket_;
    Alarm alarm_;
    // Order matters: the session refers to the counters and the event to the session; each must be
    // freed before what it refers to.
    struct Counters;
    std::unique_ptr<Counters> counters_;
    SessionHandle session_;
    EventHandle event_;
    std::vector<Listener*> listeners_;
    std::vector<ssh_channel_struct*> retired_;  // libssh frees them with the session at the latest
    std::optional<Error> failure_;
    std::uint64_t announced_{0};  // what received() was when listeners were last rung
    bool reading_{false};
    bool writing_{false};
    bool is_deaf_{false};
    bool is_doubtful_{false};
    bool cold_{true};
    bool shell_proven_{false};
};

}  // namespace tailops::targets::ssh
