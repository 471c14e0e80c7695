#pragma once

#include "gateway/core/secret.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

namespace tailops::targets {

/// Reads "env:NAME", "${NAME}", "file:/path" or "systemd:name".
/// Errors: invalid_argument, saying which forms there are.
Result<CredentialReference> parse_credential_reference(std::string_view text);

/// Fetches what `reference` points to, now: a rotated file is seen by the next connection. A
/// trailing newline is not part of the secret. May touch the disk (files of at most 64 KiB).
/// Errors: invalid_argument (not set, not readable, empty); names the reference, never the secret.
Result<Secret> resolve(const CredentialReference& reference, const Environment& environment);

}  // namespace tailops::targets
