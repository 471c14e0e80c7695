#pragma once

#include "gateway/core/age_clock.hpp"
#include "gateway/core/error.hpp"
#include "gateway/doors/mcp/eras/legacy/session.hpp"
#include "gateway/service/changes.hpp"

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tailops::mcp::legacy {

/// The legacy sessions: unguessable names, bound to who opened them, gone when idle. Safe from any
/// strand.
class SessionStore {
public:
    struct Bounds {
        std::size_t sessions_max;
        std::size_t per_principal_max;
        std::chrono::seconds idle_timeout;
    };
    SessionStore(AgeClock ages, Bounds bounds) : ages_{std::move(ages)}, bounds_{bounds} {}
    SessionStore(const SessionStore&) = delete;
    SessionStore& operator=(const SessionStore&) = delete;
    ~SessionStore() = default;

    /// A principal who has too many loses the one it used least recently; nobody loses one to
    /// another. Errors: busy (all are taken), unavailable (the daemon stops).
    Result<std::shared_ptr<Session>> open(Session::Terms terms);

    /// The session of that name, used now. Null when there is none or it belongs to another
    /// principal: the two look the same.
    std::shared_ptr<Session> find(std::string_view id, std::string_view principal);
    /// False when there was none for this principal.
    bool close(std::string_view id, std::string_view principal);

    /// Tells the sessions on their GET streams: list changes to all of them, a resource's to those
    /// that follow it and may know of it now. Tasks do not exist in this era.
    void publish(const service::Change& change);
    /// As if each resource had changed that somebody follows.
    void publish_followed();

    /// No more sessions; ends every GET stream.
    void drain();
    void end_all();
    std::size_t size() const;

private:
    struct Entry {
        std::shared_ptr<Session> session;
        TimePoint used;  // by `ages_`
    };
    using Entries = std::list<Entry>;

    void drop_expired(TimePoint now);
    bool drop_idle_of(const std::string& principal);
    void drop(Entries::iterator entry);
    Entries::iterator find_entry(std::string_view id, std::string_view principal);

    const AgeClock ages_;
    const Bounds bounds_;
    mutable std::mutex mutex_;
    Entries entries_;                                                // most recently used first
    std::unordered_map<std::string_view, Entries::iterator> by_id_;  // keys live in the sessions
    std::map<std::string, std::size_t, std::less<>> counts_;         // by principal
    bool is_draining_{false};
};

}  // namespace tailops::mcp::legacy
