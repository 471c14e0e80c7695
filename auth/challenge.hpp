#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/secret.hpp"
#include "gateway/net/http_client.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::auth {

/// What every challenge of this gateway says (RFC 6750 section 3, RFC 9728 section 5.1).
struct ChallengeTerms {
    std::string resource_metadata_url;  // empty: there is no authorization server to find
    /// Only what the authorization server issues (Introspector::advertised_scopes): a client that
    /// asks TSIDP for another scope cannot log in at all.
    std::vector<std::string> scopes;
};

/// The WWW-Authenticate value of a 401 for a request that brought no credentials: no error
/// attribute (RFC 6750 section 3.1).
std::string challenge(const ChallengeTerms& terms);

/// Of a 401 for a token that was refused; `description` is the public message of the error.
std::string invalid_token_challenge(const ChallengeTerms& terms, std::string_view description);

/// Of a 403 for a token that lacks scopes it could be issued. `required` are all the scopes of the
/// call, the ones it has too.
std::string insufficient_scope_challenge(const ChallengeTerms& terms,
                                         const std::vector<std::string>& required,
                                         std::string_view description);

/// Of a 400 for a malformed Authorization header.
std::string invalid_request_challenge(const ChallengeTerms& terms, std::string_view description);

/// The bearer token of a request, or nothing when it brings none: no Authorization header, or one
/// of another scheme (RFC 6750 section 3.1). What is in the token is the authenticator's business.
/// Errors: invalid_argument (two Authorization headers, no token or two after "Bearer"): HTTP 400.
Result<std::optional<Secret>> bearer_token(const net::HeaderList& headers);

/// Whether a query carries `access_token`, which must be refused (RFC 6750 section 2.3).
bool has_query_token(std::string_view query);

struct ProtectedResource {
    std::string resource;  // our canonical URL, e.g. "https://gw.example.com/mcp"
    std::vector<std::string> authorization_servers;  // issuers; at least one
    std::vector<std::string> scopes_supported;  // Introspector::advertised_scopes(); may be empty
    std::string name;
    std::string documentation_url;
};

/// The protected resource metadata as JSON text (RFC 9728 section 2).
std::string protected_resource_metadata(const ProtectedResource& resource);

/// Where the metadata of `resource` stands: the well-known path before the resource's own
/// (RFC 9728 section 3.1). Errors: invalid_argument (no URL).
Result<std::string> resource_metadata_url(std::string_view resource);

}  // namespace tailops::auth
