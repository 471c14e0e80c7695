#pragma once

#include "targets/ssh/exec.hpp"
#include "targets/ssh/host_scan.hpp"
#include "targets/ssh/login.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

namespace tailops::targets::ssh {

/// The one session of a target: logged in when first needed, shared by all who come, looked after
/// while it is up, closed when nobody has needed it for a while.
///
/// Lives on `strand`; every function but the constructor must be called there. Use through a
/// shared_ptr. Never more than one login at a time: who comes meanwhile waits for its outcome.
class WarmSession : public std::enable_shared_from_this<WarmSession> {
public:
    /// `read_key` is called for every login and may keep what it read.
    using ReadKey = std::function<Result<std::shared_ptr<const UserKey>>()>;
    struct Setup {
        std::shared_ptr<const Login> login;
        Dial dial;
        ReadKey read_key;
        Timing timing;
    };
    WarmSession(boost::asio::any_io_executor strand, Setup setup);
    WarmSession(const WarmSession&) = delete;
    WarmSession& operator=(const WarmSession&) = delete;
    ~WarmSession() = default;

    struct Lease {
        Lease(std::shared_ptr<Session> up, bool fresh) : session{std::move(up)}, is_fresh{fresh} {}
        std::shared_ptr<Session> session;
        bool is_fresh;  // this caller waited for the login
    };
    /// A session that is up. The wait ends with `deadline`; the login goes on for the others, up to
    /// the connection's connect_timeout.
    /// Errors: unreachable, unauthorized_there, deadline_exceeded, cancelled, internal.
    Task<Result<Lease>> get(Deadline deadline);

    /// Fetches the target's host key, on a connection of its own and without logging in to it.
    /// Errors: as scan_host_key().
    Task<Result<ScannedHostKey>> scan_host_key(Deadline deadline) const;

    /// Ends the session and a login under way; later callers are refused.
    void close();

    const boost::asio::any_io_executor& strand() const noexcept { return strand_; }
    const Timing& timing() const noexcept { return setup_.timing; }

private:
    struct Attempt;
    void start_login();
    void finish_login(std::shared_ptr<Attempt>, Result<std::shared_ptr<Session>>);
    void watch();
    void look_after();

    boost::asio::any_io_executor strand_;
    Setup setup_;
    Alarm alarm_;
    std::shared_ptr<Session> session_;
    std::shared_ptr<Attempt> login_;  // under way, or null
    boost::asio::cancellation_signal stop_login_;
    boost::asio::steady_timer clock_;
    Deadline last_used_;
    std::uint64_t received_{0};  // when last looked
    int silent_turns_{0};        // since a keepalive went unanswered
    bool closed_{false};
};

}  // namespace tailops::targets::ssh
