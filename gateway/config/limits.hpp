#pragma once

#include "gateway/http/limits.hpp"

namespace tailops::config {

/// Every bound the daemon puts on what comes from outside, with its default. gateway.yaml may
/// change them under `limits:` by these names; docs/configuration.md lists them.
struct Limits : http::Limits {
    int json_depth{64};          // nesting of one message
    std::size_t sessions{1024};  // legacy sessions
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
