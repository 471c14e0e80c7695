#pragma once

#include "auth/authenticator.hpp"

#include <memory>

namespace tailops::auth {

/// Gives each token to the one authenticator that its shape belongs to. Nobody else sees it: a
/// token that one of them refuses is never tried on the next, and our own tokens never reach an
/// authorization server.
class TokenRouter : public Authenticator {
public:
    /// Absent ones are null; their tokens are then unauthenticated.
    struct Routes {
        std::shared_ptr<Authenticator> gateway_token;  // begins with "tailops_"
        std::shared_ptr<Authenticator> hmac_token;     // looks_like_hmac_token
        std::shared_ptr<Authenticator> other;          // everything else: introspection
    };
    explicit TokenRouter(Routes routes);

    Task<Result<Identity>> authenticate(Secret token, Deadline deadline) override;

private:
    Routes routes_;
};

}  // namespace tailops::auth
