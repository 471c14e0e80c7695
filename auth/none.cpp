#include "auth/none.hpp"

#include <chrono>

namespace tailops::auth {

NoAuthentication::NoAuthentication(std::set<std::string> scopes, std::shared_ptr<const Clock> clock)
    : scopes_{std::move(scopes)},
      clock_{std::move(clock)}
{
}

Task<Result<Identity>> NoAuthentication::authenticate(Secret, Deadline)
{
    Identity identity;
    identity.subject = SubjectId{"anonymous"};
    identity.issuer = "tailops";
    identity.name = "anonymous";
    if (!scopes_.empty()) identity.scopes = scopes_;
    // No credential ends, but whoever keeps identities expects that they do.
    identity.expires = clock_->now() + std::chrono::hours{24};
    identity.method = Method::none;
    co_return identity;
}

}  // namespace tailops::auth
