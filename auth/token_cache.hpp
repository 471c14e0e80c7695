#pragma once

#include "auth/token_text.hpp"
#include "gateway/core/clock.hpp"

#include <list>
#include <unordered_map>
#include <utility>

namespace tailops::auth {

/// What we know of tokens for a while: keyed by digest, bounded, the least recently used forgotten
/// first. Not safe from several threads: its owner locks.
template <class Value>
class TokenCache {
public:
    explicit TokenCache(std::size_t entries_max) : entries_max_{entries_max} {}

    /// What is known and still good at `now`, or null. A clock that was set back to before the
    /// entry was made does not keep it alive.
    const Value* find(const Sha256& digest, TimePoint now)
    {
        const auto at = index_.find(digest);
        if (at == index_.end()) return nullptr;
        if (now < at->second->from || now >= at->second->until) {
            entries_.erase(at->second);
            index_.erase(at);
            return nullptr;
        }
        entries_.splice(entries_.begin(), entries_, at->second);
        return &at->second->value;
    }

    /// Remembers `value` in [now, until).
    void put(const Sha256& digest, Value value, TimePoint now, TimePoint until)
    {
        if (until <= now || entries_max_ == 0) return;
        if (const auto at = index_.find(digest); at != index_.end()) {
            entries_.erase(at->second);
            index_.erase(at);
        } else if (entries_.size() >= entries_max_) {
            index_.erase(entries_.back().digest);
            entries_.pop_back();
        }
        entries_.push_front({digest, std::move(value), now, until});
        index_.emplace(digest, entries_.begin());
    }

    void erase(const Sha256& digest)
    {
        const auto at = index_.find(digest);
        if (at == index_.end()) return;
        entries_.erase(at->second);
        index_.erase(at);
    }

    std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Entry {
        Sha256 digest{};
        Value value;
        TimePoint from;
        TimePoint until;
    };
    std::size_t entries_max_;
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<Sha256, typename std::list<Entry>::iterator, DigestHash> index_;
};

}  // namespace tailops::auth
