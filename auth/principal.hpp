#pragma once

#include "gateway/core/capability.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/core/ids.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tailops::auth {

/// How we came to believe an identity.
enum class Method { oidc, gateway_token, hmac_token, local_user, none };

std::string_view to_string(Method) noexcept;

/// The end of what has none: of an identity that rests on no token.
inline constexpr TimePoint never = TimePoint::max();

/// Who is asking, as vouched for by an authorization server (RFC 7662 section 2.2) or by a token of
/// ours. Nothing in it is secret, and nothing below this type knows of headers or tokens. The only
/// producers are the authenticators, and who runs `tailops stdio` for itself.
struct Identity {
    SubjectId subject;      // `sub`; unique within `issuer`
    std::string issuer;     // `iss`; "tailops" for our own tokens, "local" for stdio
    std::string name;       // `username`, else `sub`: what people call the subject
    std::string client_id;  // the software acting for `subject`; may be empty
    std::vector<std::string>
        actors;  // `act` chain (RFC 8693 section 4.1), nearest first; as `subject`
    std::set<std::string> groups;  // groups and tailnet tags, when the issuer tells them
    /// The token's scopes as text, when this issuer grants ours. Absent: rights come from the
    /// policy's roles alone (TSIDP issues only openid, email and profile).
    std::optional<std::set<std::string>> scopes;
    TimePoint expires;  // `exp`, or `never`
    Method method{Method::none};

    /// Unique over all issuers: what sessions, caches and audit records are bound to.
    std::string key() const { return issuer + '|' + subject.str(); }
};

/// An identity and what it may ask for: the roles that the policy gives it and the capabilities of
/// its token or of those roles. Made by policy::Gate::admit and nowhere else.
struct Principal {
    Identity identity;
    std::set<std::string> roles;
    CapabilitySet capabilities;
};

}  // namespace tailops::auth
