#pragma once

#include "auth/token_cache.hpp"

#include <mutex>
#include <variant>

namespace tailops::mcp {

/// The tokens that were accepted before, by digest, until they expire; the least recently used is
/// forgotten first. Knowing one grants nothing: it is authenticated like any other. Safe from any
/// thread.
class KnownTokens {
public:
    explicit KnownTokens(std::size_t tokens_max) : tokens_{tokens_max} {}

    void remember(const Sha256& token, TimePoint now, TimePoint expires)
    {
        const std::scoped_lock lock{mutex_};
        if (!tokens_.find(token, now)) tokens_.put(token, {}, now, expires);
    }
    void forget(const Sha256& token)
    {
        const std::scoped_lock lock{mutex_};
        tokens_.erase(token);
    }
    bool contains(const Sha256& token, TimePoint now)
    {
        const std::scoped_lock lock{mutex_};
        return tokens_.find(token, now) != nullptr;
    }

private:
    std::mutex mutex_;
    auth::TokenCache<std::monostate> tokens_;
};

}  // namespace tailops::mcp
