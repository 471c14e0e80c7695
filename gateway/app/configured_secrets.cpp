#include "gateway/app/configured_secrets.hpp"

#include <optional>
#include <utility>

namespace tailops::app {
namespace {

using targets::CredentialReference;

class Gathering {
public:
    void setting(std::string name, const std::optional<CredentialReference>& reference)
    {
        add(nullptr, std::move(name), reference);
    }
    void setting(std::string name, const std::string& path) { add(nullptr, std::move(name), path); }

    void operator()(const targets::TargetSpec& spec, const targets::SshConnection& ssh)
    {
        add(&spec, "key", ssh.key);
        add(&spec, "key_path", ssh.key_path);
        add(&spec, "passphrase", ssh.passphrase);
    }
    void operator()(const targets::TargetSpec& spec, const targets::HttpConnection& http)
    {
        add(&spec, "credential", http.credential, http.username);
    }
    void operator()(const targets::TargetSpec& spec, const targets::DockerConnection& docker)
    {
        if (!docker.cert_path.empty()) add(&spec, "key_path", docker.cert_path + "/key.pem");
    }
    void operator()(const targets::TargetSpec&, const targets::LocalConnection&) {}

    std::vector<ConfiguredSecret> found;

private:
    void add(const targets::TargetSpec* spec,
             std::string name,
             const std::optional<CredentialReference>& reference,
             const std::string& user = {})
    {
        if (!reference) return;
        found.push_back({std::move(name), spec, *reference, reference->text(), user});
    }
    void add(const targets::TargetSpec* spec, std::string name, const std::string& path)
    {
        if (path.empty()) return;
        found.push_back(
            {std::move(name), spec, {CredentialReference::Source::file, path}, path, {}});
    }
};

}  // namespace

std::vector<ConfiguredSecret> configured_secrets(const Configuration& configuration)
{
    Gathering all;
    const auto& settings = configuration.settings;
    all.setting("audit.key", settings.audit.key);
    all.setting("auth.oidc.client_secret", settings.auth.oidc.client_secret);
    all.setting("auth.hmac_shared_secret", settings.auth.hmac_shared_secret);
    all.setting("mcp.state_key", settings.mcp.state_key);
    all.setting("mcp.previous_state_key", settings.mcp.previous_state_key);
    all.setting("tls.key", settings.tls_key);
    for (const auto& spec : configuration.targets.targets) {
        std::visit([&](const auto& connection) { all(spec, connection); }, spec.connection);
    }
    return std::move(all.found);
}

}  // namespace tailops::app
