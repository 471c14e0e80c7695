#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/ids.hpp"
#include "gateway/core/secret.hpp"

#include <functional>
#include <memory>

namespace tailops::targets {

class SshExecutor;

/// Where an SSH target's secrets and its way come from. The functions are called when a session is
/// opened, on the target's strand; they should answer at once and be safe from any thread.
struct SshCredentials {
    std::function<Result<Secret>()> key;  // the private key's text; empty: key_path names a file
    std::function<Result<Secret>()> passphrase;  // empty: an encrypted key is refused
    /// The executor of a jump host; null when there is no such SSH target. Empty: no jumps.
    std::function<std::shared_ptr<SshExecutor>(const TargetId&)> jump;
};

}  // namespace tailops::targets
