#pragma once

#include "gateway/core/secret.hpp"
#include "targets/ssh/credentials.hpp"
#include "targets/ssh/handles.hpp"

#include <string>

namespace tailops::targets::ssh {

/// What we log in with: a private key and, when there is one, the certificate that vouches for it.
/// Neither: we log in without a key.
struct UserKey {
    KeyHandle plain;
    KeyHandle certified;  // null without a certificate
};

/// Reads the user's key: from `credentials.key` when that is given, else from the file `key_path`,
/// with the certificate KEY-cert.pub beside the file. OpenSSH and PEM formats; an encrypted key
/// asks `credentials.passphrase`.
///
/// Blocks for the file and, for an encrypted OpenSSH key, for its key derivation (about 0.2 s), so
/// the result is worth keeping. `target` is the target's id, for messages.
/// Errors: unauthorized_there (no key, readable by others, wrong or no passphrase, no key in it),
/// unavailable (no descriptors are left).
Result<UserKey> read_user_key(const std::string& target,
                              const std::string& key_path,
                              const SshCredentials& credentials);

}  // namespace tailops::targets::ssh
