#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/ssh/login.hpp"

#include <cstdint>
#include <string>

namespace tailops::targets::ssh {

/// A host's key as a person is asked to confirm it.
struct ScannedHostKey {
    std::string type;         // "ssh-ed25519"
    std::string fingerprint;  // "SHA256:…"
    std::string line;         // as known_hosts has it: "[host]:port ssh-ed25519 AAAA…"
};

/// Fetches the key of the SSH server that `dial` leads to without logging in to it. `login` names
/// it in messages and in the line. On the caller's strand.
/// Errors: those of `dial`, unreachable, deadline_exceeded, cancelled.
Task<Result<ScannedHostKey>> scan_host_key(std::shared_ptr<const Login> login,
                                           Dial dial,
                                           Deadline deadline);

/// Makes a scanned key the one known for the host; see known_hosts.hpp. Errors: internal.
Status trust(const std::string& known_hosts_file,
             const std::string& host,
             std::uint16_t port,
             const ScannedHostKey& key);

}  // namespace tailops::targets::ssh
