#pragma once

#include "auth/principal.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/core/secret.hpp"

namespace tailops::auth {

/// Turns a bearer token into an Identity. The token goes no further than this.
///
/// Safe from any strand.
class Authenticator {
public:
    Authenticator() = default;
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    virtual ~Authenticator() = default;

    /// Errors: unauthenticated (unknown, expired, revoked, not ours: the message is fit for an
    /// error_description), unreachable (the authorization server does not answer: HTTP 503, never a
    /// guess), deadline_exceeded, cancelled.
    virtual Task<Result<Identity>> authenticate(Secret token, Deadline deadline) = 0;
};

}  // namespace tailops::auth
