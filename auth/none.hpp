#pragma once

#include "auth/authenticator.hpp"

#include <set>
#include <string>

namespace tailops::auth {

/// `auth.mode: none`: everybody is "anonymous", with the configured scopes. Whoever builds one has
/// made sure that only loopback can reach the daemon and that the operator accepted the risk.
class NoAuthentication : public Authenticator {
public:
    /// Without scopes the rights come from the policy's roles for "anonymous".
    NoAuthentication(std::set<std::string> scopes, std::shared_ptr<const Clock> clock);

    /// Ignores the token, which may be empty. Never fails.
    Task<Result<Identity>> authenticate(Secret token, Deadline deadline) override;

private:
    std::set<std::string> scopes_;
    std::shared_ptr<const Clock> clock_;
};

}  // namespace tailops::auth
