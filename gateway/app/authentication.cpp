#include "gateway/app/authentication.hpp"

#include "auth/gateway_tokens.hpp"
#include "auth/hmac_token.hpp"
#include "auth/none.hpp"
#include "auth/token_router.hpp"
#include "gateway/app/own_credential.hpp"
#include "gateway/core/try.hpp"

namespace tailops::app {
namespace {

/// A credential's text, remembered so that no record shows it.
Result<Secret> learn(std::string_view setting,
                     const targets::CredentialReference& reference,
                     const AuthenticationContext& context)
{
    TAILOPS_TRY(auto secret, own_credential(setting, reference, context.environment));
    context.secrets.add(secret);
    return secret;
}

auth::ClientAuthentication client_authentication(std::string_view word)
{
    if (word == "form") return auth::ClientAuthentication::form;
    if (word == "bearer") return auth::ClientAuthentication::bearer;
    if (word == "none") return auth::ClientAuthentication::none;
    return auth::ClientAuthentication::basic;
}

auth::ScopeSource scope_source(std::string_view word)
{
    if (word == "from_policy") return auth::ScopeSource::from_policy;
    if (word == "from_token") return auth::ScopeSource::from_token;
    return auth::ScopeSource::automatic;
}

Result<std::shared_ptr<auth::Introspector>> make_introspector(const config::Settings& settings,
                                                              const AuthenticationContext& context)
{
    const auto& oidc = settings.auth.oidc;
    auth::IntrospectionSettings out;
    out.issuer = oidc.issuer;
    out.introspection_endpoint = oidc.introspection_endpoint;
    out.client_id = oidc.client_id;
    if (oidc.client_secret) {
        TAILOPS_TRY(out.client_secret,
                    learn("auth.oidc.client_secret", *oidc.client_secret, context));
    }
    out.client_authentication = client_authentication(oidc.client_authentication);
    out.audience = oidc.audiences;
    if (out.audience.empty()) out.audience = {settings.resource()};
    out.scopes = scope_source(oidc.scopes);
    out.accepted_for = oidc.remember_for;
    return auth::Introspector::create(std::move(out), auth::connect_with({}), context.io,
                                      context.clock);
}

}  // namespace

Result<Authentication> make_authentication(const config::Settings& settings,
                                           const AuthenticationContext& context)
{
    Authentication out;
    if (settings.auth.mode == config::AuthMode::none) {
        const auto& scopes = settings.auth.anonymous_scopes;
        out.authenticator = std::make_shared<auth::NoAuthentication>(
            std::set<std::string>{scopes.begin(), scopes.end()}, context.clock);
        return out;
    }
    auth::TokenRouter::Routes routes;
    routes.gateway_token = std::make_shared<auth::GatewayTokenAuthenticator>(
        context.tokens, context.io, context.blocking, context.clock);
    if (settings.auth.hmac_shared_secret) {
        auth::HmacTokenSettings hmac;
        TAILOPS_TRY(hmac.shared_secret,
                    learn("auth.hmac_shared_secret", *settings.auth.hmac_shared_secret, context));
        if (settings.auth.hmac_without_expiry) {
            hmac.missing_expiry = auth::HmacTokenSettings::MissingExpiry::accept;
        }
        TAILOPS_TRY(routes.hmac_token,
                    auth::HmacTokenAuthenticator::create(std::move(hmac), context.clock));
    }
    if (settings.auth.mode == config::AuthMode::oidc) {
        TAILOPS_TRY(out.introspector, make_introspector(settings, context));
        routes.other = out.introspector;
    }
    out.authenticator = std::make_shared<auth::TokenRouter>(std::move(routes));
    return out;
}

}  // namespace tailops::app
