#pragma once

#include "auth/principal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace tailops::auth {

/// Where a caller's rights come from.
enum class ScopeSource {
    automatic,  // from_token if the server's metadata lists a capability (auth::offers_ours), else
                // from_policy
    from_policy,
    from_token,
};

/// What an introspection answer is held against.
struct ClaimRules {
    std::string issuer;
    std::vector<std::string> audience;  // our resource identifiers; one must be in the token
    ScopeSource scopes{ScopeSource::from_policy};  // not automatic
    std::chrono::seconds clock_skew{60};           // for nbf and iat; exp has none
};

/// The identity that an introspection answer (RFC 7662 section 2.2) vouches for at `now`. Pure.
///
/// A token without `exp` or without our audience is refused. Who has no `sub` is its client: the
/// subject is then "client:" and the client id. Only an absent member means "not said": one that is
/// there in another shape than its RFC gives it (a number, `null`, an empty name) refuses the
/// token. TSIDP's `userid:2` is `2`, as subject and as actor: both name one person. Errors:
/// unauthenticated (the message is fit for an error_description), unreachable (this is no
/// introspection answer: the server is broken).
Result<Identity> identity_of(const nlohmann::json& answer, const ClaimRules& rules, TimePoint now);

}  // namespace tailops::auth
