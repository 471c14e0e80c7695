#pragma once

#include "gateway/core/secret.hpp"
#include "targets/targets_file.hpp"

#include <string_view>

namespace tailops::app {

/// The credential that a setting of gateway.yaml, e.g. "audit.key", refers to. Errors:
/// invalid_argument, naming the setting and what to do about it.
Result<Secret> own_credential(std::string_view setting,
                              const targets::CredentialReference& reference,
                              const targets::Environment& environment);

}  // namespace tailops::app
