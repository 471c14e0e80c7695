#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/digest.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tailops::auth {

/// A gateway token as it is kept: everything but the token.
struct StoredToken {
    std::string id;  // short and public, e.g. "tk_5f2a9c1e": for list, revoke and the audit trail
    std::string subject;
    std::set<std::string> scopes;
    Sha256 digest{};  // of the token's text
    TimePoint created;
    TimePoint expires;
    std::optional<TimePoint> revoked;
};

/// Who minted or revoked a token, as the operating system knows them: the one who runs our program,
/// not a caller of the gateway.
struct TokenActor {
    std::string user{};     // the process's user by name, or "uid 1000" where it has none
    std::string detail{};   // what else is known of them, one clause
    std::string program{};  // what they used, e.g. "tailops token"
};

/// What befell a token, kept until the audit trail has it.
struct TokenEvent {
    enum class Kind { minted, revoked };

    std::int64_t number{0};  // they happened in this order; unique within one store
    std::string id;          // "te_" and 16 hex digits: who sees it twice has seen one event
    Kind kind{Kind::minted};
    TimePoint when;
    TokenActor by;
    std::string token;  // StoredToken::id
    std::string subject;
    std::set<std::string> scopes;
    TimePoint expires;
};

/// Where gateway tokens are kept (gateway/store implements it). Calls may touch the disk: use them
/// from `run_blocking` or a command-line tool. Safe from any thread; several processes may share
/// one.
class TokenStore {
public:
    TokenStore() = default;
    TokenStore(const TokenStore&) = delete;
    TokenStore& operator=(const TokenStore&) = delete;
    virtual ~TokenStore() = default;

    /// Keeps the token and the event that `by` minted it, or neither.
    virtual Status insert(const StoredToken&, const TokenActor& by) = 0;
    /// Every token, the revoked and expired ones too, oldest first.
    virtual Result<std::vector<StoredToken>> list() = 0;
    /// Keeps the revocation and its event, or neither. Errors: not_found.
    virtual Status revoke(const std::string& id, TimePoint when, const TokenActor& by) = 0;
    /// A number that changes whenever another process or call changed the tokens: cheap to ask.
    virtual Result<std::int64_t> generation() = 0;
};

/// The events of a TokenStore on their way into the audit trail. Whoever minted may be another
/// process than the one that writes the trail. Calls block, and are safe from any thread.
class TokenEvents {
public:
    TokenEvents() = default;
    TokenEvents(const TokenEvents&) = delete;
    TokenEvents& operator=(const TokenEvents&) = delete;
    virtual ~TokenEvents() = default;

    /// The oldest `events_max` that have not been forgotten, oldest first.
    virtual Result<std::vector<TokenEvent>> pending_events(std::size_t events_max) = 0;
    /// Forgets every event up to `number`: they stand in the trail.
    virtual Status forget_events(std::int64_t number) = 0;
};

}  // namespace tailops::auth
