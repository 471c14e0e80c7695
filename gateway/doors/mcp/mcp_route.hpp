#pragma once

#include "auth/authenticator.hpp"
#include "auth/challenge.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"
#include "gateway/http/failure_throttle.hpp"
#include "gateway/http/server.hpp"
#include "gateway/net/trusted_proxies.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tailops::mcp {

/// Whether a request without a token may reach the authenticator (`auth.mode: none`).
enum class Anonymous { refused, allowed };

struct McpRouteSettings {
    std::shared_ptr<auth::Authenticator> authenticator;
    Anonymous anonymous{Anonymous::refused};
    auth::ChallengeTerms challenge;
    std::function<auth::Principal(auth::Identity)>
        admit;  // policy::Gate::admit of the gate in force
    std::function<Task<void>(Inbound, http::Exchange&)> serve;  // mcp::Endpoint::serve
    http::ThrottleSettings throttle;
    net::TrustedProxies trusted_proxies;  // whose X-Forwarded-For is believed
    std::chrono::seconds authentication_timeout{10};
};

/// The way into the MCP endpoint: takes the bearer token off the request, has it authenticated,
/// gives the identity its rights, reads the body, and hands the request on without the token.
///
/// Answers itself: 204 to a preflight; 400 to a token in the query or a malformed Authorization;
/// 401 and 403 with a challenge; 429 to an unknown token of an address whose tokens are refused too
/// often; 503 with Retry-After when the authorization server does not answer. Safe from any strand.
http::Handler make_mcp_handler(McpRouteSettings settings);

}  // namespace tailops::mcp
