#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/secret.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tailops {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// Compares without a data-dependent branch; false at once only when the sizes differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

std::string to_hex(std::string_view bytes);
inline std::string to_hex(const Sha256& digest)
{
    return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

/// Whether `text` is made of the digits of to_hex, however many.
bool is_hex(std::string_view text) noexcept;

/// base64url without padding (RFC 4648 section 5).
std::string to_base64url(std::string_view bytes);
/// Accepts missing or canonical padding. Errors: invalid_argument.
Result<std::string> from_base64url(std::string_view text);

/// Standard base64 with canonical padding (RFC 4648 section 4).
std::string to_base64(std::string_view bytes);
/// Refuses anything but the canonical form. Errors: invalid_argument.
Result<std::string> from_base64(std::string_view text);

/// `count` bytes from the operating system's generator. Aborts the process when it has none:
/// nothing we could do without randomness would be safe.
std::string random_bytes(std::size_t count);

}  // namespace tailops
