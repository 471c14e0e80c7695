#pragma once

#include "gateway/async/slots.hpp"
#include "targets/executor.hpp"
#include "targets/ssh/credentials.hpp"
#include "targets/target.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace tailops::targets {

namespace ssh {
class WarmSession;
struct ScannedHostKey;
struct Timing;
}  // namespace ssh

/// Runs commands on a machine over SSH: one warm, authenticated session per target, a channel per
/// command, all on one strand and no thread of its own. Safe from any strand. Destroying it closes
/// the session.
class SshExecutor final : public Executor {
public:
    /// An SSH target as configured. `known_hosts_file` is read at every login.
    struct Setup {
        TargetId id;
        SshConnection connection;
        SshCredentials credentials;
        std::string known_hosts_file;
    };
    /// Errors: invalid_argument (no host or user, a host_key that is none).
    static Result<std::shared_ptr<SshExecutor>> make(boost::asio::any_io_executor io,
                                                     Setup setup,
                                                     const ssh::Timing& timing);

    SshExecutor(std::shared_ptr<ssh::WarmSession> warm, const Setup& setup);
    SshExecutor(const SshExecutor&) = delete;
    SshExecutor& operator=(const SshExecutor&) = delete;
    ~SshExecutor() override;

    std::set<Facet> facets() const override { return {Facet::reachability, Facet::shell}; }

    /// As Executor::run, for Probe and Command.
    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override;

    /// Connects from the target to host:port, for a session that jumps through it. The result is a
    /// connected stream socket that the caller owns.
    /// Errors: unreachable, unauthorized_there, deadline_exceeded, cancelled, busy.
    Task<Result<int>> open_stream(std::string host, std::uint16_t port, Deadline deadline);

    /// Fetches the key of the target's host, through its jump host if it has one, and does not log
    /// in to the target. The jump host is held to its own key. For a person to judge.
    /// Errors: unreachable, unauthorized_there (the jump host's), deadline_exceeded, cancelled.
    Task<Result<ssh::ScannedHostKey>> scan_host_key(Deadline deadline);

private:
    const std::string target_;
    const std::shared_ptr<ssh::WarmSession> warm_;
    Slots channels_;
};

/// The executor of one SSH target, in its daily form.
/// Errors: invalid_argument (no host or user, a host_key that is none).
Result<std::shared_ptr<Executor>> make_ssh_executor(boost::asio::any_io_executor io,
                                                    TargetId id,
                                                    SshConnection connection,
                                                    SshCredentials credentials,
                                                    std::string known_hosts_file);

}  // namespace tailops::targets
