#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/secret.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp {

/// A key that seals what clients carry for us. Gateways that share their keys can go on where
/// another one asked.
struct StateKey {
    std::string id;  // 1 to 16 letters and digits; stands in what it seals
    Secret key;
};

/// Seals text that passes through a client and back: nobody can alter it, use it for another
/// request or another principal, or use it later than `lifetime` (MCP 2026-07-28,
/// basic/patterns/mrtr, Server Requirements 4 and 5). It hides nothing.
///
/// Form: `v1.<key id>.<base64url of JSON {p, exp}>.<base64url of HMAC-SHA-256>`; the MAC covers the
/// binding as well. Immutable: safe from any thread.
class StateSeal {
public:
    static constexpr auto lifetime = std::chrono::minutes{10};
    static constexpr std::size_t sealed_bytes_max = 64 * 1024;

    /// The first key seals, all of them open. Without keys it makes one that dies with the process.
    explicit StateSeal(std::vector<StateKey> keys = {});

    /// `binding` says what the text is good for: who asked, and what. Errors: invalid_argument (it
    /// would be longer than `sealed_bytes_max`, which `open` refuses).
    Result<std::string> seal(std::string_view text, std::string_view binding, TimePoint now) const;

    /// Errors: invalid_argument, the same whatever is wrong with it.
    Result<std::string> open(std::string_view sealed,
                             std::string_view binding,
                             TimePoint now) const;

private:
    std::vector<StateKey> keys_;
};

}  // namespace tailops::mcp
