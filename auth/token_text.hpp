#pragma once

#include "gateway/core/digest.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace tailops::auth {

/// The longest token that we look at: JWTs of chatty issuers stay below it.
inline constexpr std::size_t token_bytes_max = 4096;

/// Whether `text` is a b64token of at most `token_bytes_max` bytes (RFC 6750 section 2.1).
bool is_b64token(std::string_view text) noexcept;

/// SHA-256 of a token: what caches and stores are keyed by, never the token. Same value as
/// `sha256`, at half its cost: a hit in a cache costs little else.
Sha256 token_digest(std::string_view token);

/// For hash maps keyed by a digest. The digest is uniform already, but whoever may choose tokens
/// can search for digests that meet in one bucket: `salt` is drawn once per process.
struct DigestHash {
    DigestHash();
    std::size_t operator()(const Sha256& digest) const noexcept
    {
        std::size_t word = 0;
        std::memcpy(&word, digest.data(), sizeof word);
        // The high bits of the product depend on every bit of the digest's word.
        return ((word ^ salt) * 0x9E3779B97F4A7C15U) >> 16U;
    }
    std::size_t salt;
};

}  // namespace tailops::auth
