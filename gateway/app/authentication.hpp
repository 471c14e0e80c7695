#pragma once

#include "auth/authenticator.hpp"
#include "auth/introspection.hpp"
#include "auth/token_store.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/core/secret_registry.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace tailops::app {

/// What authenticators need from the daemon around them. Outlives them.
struct AuthenticationContext {
    boost::asio::any_io_executor io;
    boost::asio::thread_pool& blocking;
    std::shared_ptr<const Clock> clock;
    std::shared_ptr<auth::TokenStore> tokens;
    const targets::Environment& environment;
    SecretRegistry& secrets;  // learns the credentials that are used here
};

struct Authentication {
    std::shared_ptr<auth::Authenticator> authenticator;
    std::shared_ptr<auth::Introspector> introspector;  // null but in mode oidc
};

/// The authenticators that `settings.auth` asks for. In mode oidc gateway tokens work too: a tagged
/// tailnet node cannot log in at TSIDP. Errors: invalid_argument.
Result<Authentication> make_authentication(const config::Settings& settings,
                                           const AuthenticationContext& context);

}  // namespace tailops::app
