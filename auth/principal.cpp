#include "auth/principal.hpp"

namespace tailops::auth {

std::string_view to_string(Method method) noexcept
{
    switch (method) {
    case Method::oidc: return "oidc";
    case Method::gateway_token: return "gateway_token";
    case Method::hmac_token: return "hmac_token";
    case Method::local_user: return "local_user";
    case Method::none: return "none";
    }
    return "unknown";
}

}  // namespace tailops::auth
