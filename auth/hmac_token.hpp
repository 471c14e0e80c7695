#pragma once

#include "auth/authenticator.hpp"

#include <memory>

namespace tailops::auth {

/// Whether `text` is to be taken for a token of the earlier TailOpsMCP: two parts with a dot
/// between them, of which the second is 64 hex digits or the first is a JSON object in base64url.
/// So it is for one that was cut, or copied in other letters: nobody else is to see what is all but
/// a token.
bool looks_like_hmac_token(std::string_view text);

struct HmacTokenSettings {
    /// What becomes of a token that says nothing of its end. Such a token can only be withdrawn by
    /// changing the shared secret, so it is refused unless the operator asks for it.
    enum class MissingExpiry { refuse, accept };

    Secret shared_secret;  // SYSTEMMANAGER_SHARED_SECRET of the earlier system
    MissingExpiry missing_expiry{MissingExpiry::refuse};
};

/// Accepts the tokens of the earlier TailOpsMCP:
/// `base64url(JSON) "." hex(HMAC-SHA256(secret, base64url text))` with JSON
/// `{"agent", "scopes", "host_tags"?, "expiry"?}`; a time without offset is UTC. They cannot be
/// revoked one by one. Safe from any strand; touches nothing but memory.
class HmacTokenAuthenticator : public Authenticator {
public:
    /// Errors: invalid_argument (a secret of less than 16 bytes can be guessed).
    static Result<std::shared_ptr<HmacTokenAuthenticator>> create(
        HmacTokenSettings settings, std::shared_ptr<const Clock> clock);

    /// The identity: issuer "tailopsmcp", subject the agent, groups the host tags, scopes those of
    /// the token. Errors: unauthenticated.
    Task<Result<Identity>> authenticate(Secret token, Deadline deadline) override;

    HmacTokenAuthenticator(HmacTokenSettings settings,
                           std::shared_ptr<const Clock> clock);  ///< use `create`

private:
    Result<Identity> identity_of(std::string_view token) const;
    HmacTokenSettings settings_;
    std::shared_ptr<const Clock> clock_;
};

}  // namespace tailops::auth
