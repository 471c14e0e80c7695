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

/// Where gateway tokens are kept (gateway/store implements it). Calls may touch the disk: use them
/// from `run_blocking` or a command-line tool. Safe from any thread; several processes may share
/// one.
class TokenStore {
public:
    TokenStore() = default;
    TokenStore(const TokenStore&) = delete;
    TokenStore& operator=(const TokenStore&) = delete;
    virtual ~TokenStore() = default;

    virtual Status insert(const StoredToken&) = 0;
    /// Every token, the revoked and expired ones too, oldest first.
    virtual Result<std::vector<StoredToken>> list() = 0;
    /// Errors: not_found.
    virtual Status revoke(const std::string& id, TimePoint when) = 0;
    /// A number that changes whenever another process or call changed the tokens: cheap to ask.
    virtual Result<std::int64_t> generation() = 0;
};

}  // namespace tailops::auth
