#include "gateway/app/world_secrets.hpp"

#include "targets/credentials/credentials.hpp"

namespace tailops::app {

std::shared_ptr<const audit::SecretRegistry> secrets_of(const Configuration& configuration,
                                                        const targets::Environment& environment,
                                                        const config::AuthSettings& auth)
{
    auto registry = std::make_shared<audit::SecretRegistry>();
    const auto add = [&](const std::optional<targets::CredentialReference>& reference) {
        if (!reference) return;
        if (const auto secret = targets::resolve(*reference, environment)) registry->add(*secret);
    };
    add(auth.oidc.client_secret);
    add(auth.hmac_shared_secret);
    add(configuration.settings.audit.key);
    for (const auto& spec : configuration.targets.targets) {
        if (const auto* ssh = std::get_if<targets::SshConnection>(&spec.connection)) {
            add(ssh->key);
            add(ssh->passphrase);
        } else if (const auto* http = std::get_if<targets::HttpConnection>(&spec.connection)) {
            add(http->credential);
        }
    }
    return registry;
}

}  // namespace tailops::app
