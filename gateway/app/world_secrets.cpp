#include "gateway/app/world_secrets.hpp"

#include "gateway/app/own_places.hpp"
#include "targets/credentials/credentials.hpp"

namespace tailops::app {
namespace {

void learn_secrets(SecretRegistry& registry,
                   const Configuration& configuration,
                   const targets::Environment& environment,
                   const config::AuthSettings& auth)
{
    const auto add = [&](const std::optional<targets::CredentialReference>& reference,
                         const std::string& user = {}) {
        if (!reference) return;
        if (const auto secret = targets::resolve(*reference, environment)) {
            targets::learn(registry, *secret, user);
        }
    };
    // A key whose file others may read is not used either.
    const auto add_file = [&](const std::string& path) {
        using Source = targets::CredentialReference::Source;
        if (!path.empty()) add(targets::CredentialReference{Source::file, path});
    };
    add_file(configuration.settings.tls_key);
    add(auth.oidc.client_secret);
    add(auth.hmac_shared_secret);
    add(configuration.settings.audit.key);
    for (const auto& spec : configuration.targets.targets) {
        if (const auto* ssh = std::get_if<targets::SshConnection>(&spec.connection)) {
            add(ssh->key);
            add_file(ssh->key_path);
            add(ssh->passphrase);
        } else if (const auto* http = std::get_if<targets::HttpConnection>(&spec.connection)) {
            add(http->credential, http->username);
        }
    }
}

}  // namespace

void guard(call::World& world,
           const std::shared_ptr<SecretRegistry>& secrets,
           const Configuration& configuration,
           const StatePaths& paths,
           const targets::Environment& environment)
{
    learn_secrets(*secrets, configuration, environment, configuration.settings.auth);
    world.secrets = secrets;
    world.own_places = own_places(configuration, paths, environment);
}

}  // namespace tailops::app
