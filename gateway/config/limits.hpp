#pragma once

#include <chrono>
#include <cstddef>

namespace tailops::config {

/// Every bound the daemon puts on what comes from outside, with its default. gateway.yaml may
/// change them under `limits:` by these names; docs/configuration.md lists them.
struct Limits {
    std::size_t header_bytes{16 * 1024};                  // request line and headers of one request
    std::size_t body_bytes{4 * 1024 * 1024};              // of one request
    std::size_t bodies_bytes{64 * 1024 * 1024};           // of all requests at once
    std::size_t bodies_bytes_per_peer{16 * 1024 * 1024};  // of one address
    int json_depth{64};                                   // nesting of one message
    std::chrono::seconds header_read_timeout{10};         // from the first byte of a request
    std::chrono::seconds body_read_timeout{30};           // from the end of its headers
    std::chrono::seconds idle_timeout{120};               // between two requests of a connection
    std::chrono::seconds write_stall_timeout{30};         // a client that does not read
    std::size_t connections{4096};
    std::size_t connections_per_peer{256};  // per address
    std::chrono::seconds stop_grace{10};    // for calls in flight when the daemon stops
    std::size_t sessions{1024};             // legacy sessions
    std::size_t sessions_per_principal{64};
    std::size_t idempotency_keys{10'000};  // kept, of all principals
    std::size_t idempotency_keys_per_principal{2000};
    std::chrono::seconds idempotency_retention{24 * 3600};  // from the first call with a key
};

/// What is kept of outputs that results have no room for, under `output:`.
struct OutputLimits {
    std::size_t run_bytes{16 * 1024 * 1024};     // of one call; what comes after is not kept
    std::size_t total_bytes{256 * 1024 * 1024};  // of all; then the oldest go
    std::chrono::seconds keep{24 * 3600};        // then they go in any case
};

}  // namespace tailops::config
