#pragma once

#include "gateway/core/secret.hpp"
#include "gateway/core/secret_registry.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

#include <functional>

namespace tailops::targets {

/// Fetches the credential of a target, each time one is needed, so that a rotated one is used at
/// once; empty: there is none. Called on an I/O thread; may read a small local file. Safe from any
/// thread.
using CredentialReader = std::function<Result<Secret>()>;

/// Reads "env:NAME", "${NAME}", "file:/path" or "systemd:name".
/// Errors: invalid_argument, saying which forms there are.
Result<CredentialReference> parse_credential_reference(std::string_view text);

/// Fetches what `reference` points to, now: a rotated file is seen by the next connection. A
/// trailing newline is not part of the secret. May touch the disk (files of at most 64 KiB).
/// Errors: unavailable (no descriptors are left), invalid_argument (not set, not readable, empty,
/// open to others); names the reference, never the secret.
Result<Secret> resolve(const CredentialReference& reference, const Environment& environment);

/// Whether the file that `reference` points to, if it points to one, may be read or changed by
/// everybody on the machine: then resolve() refuses it. May touch the disk.
bool is_open_to_others(const CredentialReference& reference, const Environment& environment);

/// Has `registry` know a credential, and, where it goes with a user name, the two together, which
/// is what basic authentication sends (RFC 7617).
void learn(SecretRegistry& registry, const Secret& secret, const std::string& user = {});

}  // namespace tailops::targets
