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
    /// Takes `socket` over. Errors: internal.
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

    /// Logs in with `key`, its certificate first.
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

    ssh_session_struct* raw() const noexcept { return session_.get(); }
    const std::string& target() const noexcept { return introduction_.target; }
    boost::asio::any_io_executor executor();
    Alarm& alarm() noexcept { return alarm_; }

private:
    friend class Listener;
    Status configure();
    Task<Result<bool>> offer(ssh_key_struct* key, Deadline deadline);
    void acknowledge_quickly() noexcept;
    bool wants_to_write() const noexcept;
    void receive();
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
    std::optional<Error> failure_;
    std::uint64_t announced_{0};  // what received() was when listeners were last rung
    bool reading_{false};
    bool writing_{false};
    bool cold_{true};
};

}  // namespace tailops::targets::ssh
