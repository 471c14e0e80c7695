#pragma once

#include "gateway/core/secret_registry.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tailops::audit {

/// The longest text of kept_parameters().
inline constexpr std::size_t parameters_bytes_max = 2048;

/// The arguments of a call as the trail may keep them.
struct KeptParameters {
    std::string text;  // JSON on one line, at most parameters_bytes_max long, valid, UTF-8 repaired
    /// Where `text` is not all of them: the SHA-256, in hexadecimal, of the whole arguments as JSON
    /// without spaces, members in the order of their names, in which "[redacted]" stands for each
    /// secret that the gateway knows and each value of a name that says secret. Else empty.
    std::string sha256;
};

/// Pure; safe from any thread. Takes time in proportion to the size of the arguments; what cannot
/// be shown is looked through for known secrets alone.
///
/// Members whose name says secret (token, password, key, ... at any depth, any case) lose their
/// value, and so does the list item behind an option such as "--password"; members that carry
/// content (body, input, stdin, content, ...) become their size and SHA-256; in all else
/// redact_text() strikes, names included. Each says "[redacted]". What is too long is clipped.
KeptParameters kept_parameters(const nlohmann::json& arguments, const SecretRegistry& known);

/// Free text (an error's detail, a command line): known secrets, whatever has the shape of a
/// secret, and the values of names that say secret, as `--password=x`, `?token=x`, `"password":
/// "x"`, `X-Api-Key: x` (core/secret_scan.hpp, Suspicion::wary).
std::string redact_text(std::string_view text, const SecretRegistry& known);
std::string redact_text(std::string_view text, const KnownSecrets& known);

/// The same of a word that a caller chose and that may be of any length, such as the name of a
/// target: clipped to about `bytes_max`.
std::string redact_word(std::string_view text, const SecretRegistry& known, std::size_t bytes_max);

}  // namespace tailops::audit
