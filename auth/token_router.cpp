#include "auth/token_router.hpp"

#include "auth/gateway_tokens.hpp"
#include "auth/hmac_token.hpp"

namespace tailops::auth {

TokenRouter::TokenRouter(Routes routes) : routes_{std::move(routes)} {}

Task<Result<Identity>> TokenRouter::authenticate(Secret token, Deadline deadline)
{
    auto route = routes_.other;
    if (token.reveal().starts_with(gateway_token_prefix)) {
        route = routes_.gateway_token;
    } else if (routes_.hmac_token && looks_like_hmac_token(token.reveal())) {
        route = routes_.hmac_token;
    }
    if (!route) co_return fail(Errc::unauthenticated, "the gateway does not know this token");
    co_return co_await route->authenticate(std::move(token), deadline);
}

}  // namespace tailops::auth
