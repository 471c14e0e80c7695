#pragma once

#include "targets/ssh/exec.hpp"
#include "targets/ssh/host_scan.hpp"
#include "targets/ssh/login.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace tailops::targets::ssh {

/// The one session of a target: logged in when first needed, shared by all who come, looked after
/// while it is up, closed when nobody has needed it for a while, and replaced when it has become
/// old: what the login was allowed by may have changed since. A session that is replaced serves the
/// commands it has until they have ended.
///
/// A refused login is remembered for a while, and told from memory, lest the host takes us for an
/// attacker.
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

    /// Hands out `session` no more: the next caller logs in anew. Who uses it goes on.
    void retire(const std::shared_ptr<Session>& session);
    /// Ends the session of `lease` if nobody else uses it; says whether the next one who comes gets
    /// another. For a session on which the server has no room though nothing of ours runs there.
    bool give_up(Lease lease);

    /// Fetches the target's host key, on a connection of its own and without logging in to it.
    /// Errors: as scan_host_key().
    Task<Result<ScannedHostKey>> scan_host_key(Deadline deadline) const;

    /// Ends the session and a login under way; later callers are refused.
    void close();

    const boost::asio::any_io_executor& strand() const noexcept { return strand_; }
    const Timing& timing() const noexcept { return setup_.timing; }

private:
    struct Attempt;
    /// A session, and when we last heard of it.
    struct Watched {
        std::shared_ptr<Session> session;
        Deadline since;             // when it was logged in
        std::uint64_t received{0};  // when last looked
        int silent_turns{0};        // since a keepalive went unanswered
        bool is_in_use() const { return session.use_count() > 1; }
    };
    /// What became of a login.
    struct Outcome {
        Result<std::shared_ptr<Session>> session;
        bool is_refusal{false};  // it is not the machine that failed us
    };
    static Task<Outcome> log_in_as(Setup setup, Deadline deadline);
    static Outcome ended(Result<std::shared_ptr<Session>> session, bool is_refusal = false);
    void start_login();
    void finish_login(std::shared_ptr<Attempt>, Outcome);
    void remember_refusal(const Error& refusal);
    std::optional<Error> remembered_refusal() const;
    bool is_spent(const Watched&) const;
    void replace();
    void watch();
    void look_after();
    bool is_over(Watched&);

    boost::asio::any_io_executor strand_;
    Setup setup_;
    Alarm alarm_;
    std::optional<Watched> current_;
    std::vector<Watched> replaced_;   // in use still
    std::shared_ptr<Attempt> login_;  // under way, or null
    boost::asio::cancellation_signal stop_login_;
    boost::asio::steady_timer clock_;
    Deadline last_used_;
    std::optional<Error> refusal_;  // of the last login
    Deadline refused_until_;
    std::chrono::milliseconds refusal_pause_{0};
    bool watching_{false};
    bool closed_{false};
};

}  // namespace tailops::targets::ssh
