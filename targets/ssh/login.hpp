#pragma once

#include "targets/ssh/session.hpp"
#include "targets/target.hpp"

#include <functional>
#include <string>

namespace tailops::targets::ssh {

/// Whom to log in to, and what vouches for the host.
struct Login {
    std::string target;  // the target's id
    SshConnection connection;
    std::string known_hosts_file;
};

/// Opens the byte stream to a host: TCP, or a channel of a jump host.
using Dial = std::function<Task<Result<Socket>>(Deadline)>;

/// Dials, exchanges keys and checks the host key against the pinned one or the known hosts: all
/// that comes before a login. Errors: as log_in().
Task<Result<std::shared_ptr<Session>>> reach(std::shared_ptr<const Login> login,
                                             Dial dial,
                                             Deadline deadline);

/// Dials, exchanges keys, checks the host key against the pinned one or the known hosts, and logs
/// in with `key`. On the caller's strand, which becomes the session's.
///
/// A host key that is not known, or is not the known one, ends the attempt before anything of ours
/// is shown. Errors: unreachable, unauthorized_there, deadline_exceeded, cancelled, internal.
Task<Result<std::shared_ptr<Session>>> log_in(std::shared_ptr<const Login> login,
                                              Dial dial,
                                              std::shared_ptr<const UserKey> key,
                                              Deadline deadline);

/// The key that the server behind `dial` holds, without logging in.
/// Errors: unreachable, deadline_exceeded, cancelled.
Task<Result<HostKey>> fetch_host_key(std::string target, Dial dial, Deadline deadline);

}  // namespace tailops::targets::ssh
