#pragma once

#include "gateway/audit/secret_registry.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tailops::audit {

/// The longest text that redact_parameters() gives.
inline constexpr std::size_t parameters_bytes_max = 2048;

/// The arguments of a call as the trail may keep them: JSON on one line, at most
/// parameters_bytes_max long and still valid, UTF-8 repaired. Pure; safe from any thread.
///
/// In this order: members whose name says secret (token, password, key, ... at any depth, any case)
/// lose their value, and so does the list item behind an option such as "--password"; members that
/// carry content (body, input, stdin, content, ...) become their size and SHA-256; known secrets
/// are replaced exactly wherever they stand, names included; then what looks like a secret is
/// (redact_text). Each says "[redacted]" where it struck. Last, what is too long is clipped.
std::string redact_parameters(const nlohmann::json& arguments, const SecretRegistry& known);

/// Free text (an error's detail, a command line): known secrets exactly, then bearer and basic
/// credentials, well-known token shapes, PEM private keys, user info in URLs and `name=value` pairs
/// whose name says secret.
std::string redact_text(std::string_view text, const SecretRegistry& known);

/// Whether a member of that name holds a secret.
bool names_a_secret(std::string_view name);

}  // namespace tailops::audit
