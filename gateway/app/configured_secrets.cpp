#include "gateway/app/configured_secrets.hpp"

#include "targets/kinds.hpp"

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

    void target(const targets::TargetSpec& spec)
    {
        for (auto& one : targets::descriptor_of(spec.connection).credentials(spec.connection)) {
            found.push_back({std::move(one.key), &spec, std::move(one.reference),
                             std::move(one.text), std::move(one.user)});
        }
    }

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
        all.target(spec);
    }
    return std::move(all.found);
}

}  // namespace tailops::app
