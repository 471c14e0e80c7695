#include "gateway/app/secret_files.hpp"

#include "gateway/core/text.hpp"
#include "targets/credentials/credentials.hpp"

#include <sys/stat.h>

namespace tailops::app {
namespace {

using targets::CredentialReference;

/// Whether everybody may read or change a file. Whether a group may is looked at by those who use
/// it (targets/ssh/key.cpp): who checks may be another user than the daemon.
bool is_open(const std::string& path)
{
    struct stat info{};
    if (path.empty() || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    return (info.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

class Check {
public:
    Check(const Configuration& configuration,
          const targets::Environment& environment,
          yaml::Problems& problems)
        : configuration_{configuration},
          environment_{environment},
          problems_{problems}
    {
    }

    void setting(const char* name, const std::optional<CredentialReference>& reference)
    {
        if (!reference || !targets::is_open_to_others(*reference, environment_)) return;
        const auto& source = configuration_.settings.sources.of(name);
        problems_.add(source.file, source.place,
                      std::string{name} + ": " + complaint(reference->text()));
    }

    void target(const targets::TargetSpec& spec,
                const char* name,
                const std::optional<CredentialReference>& reference)
    {
        if (!reference || !targets::is_open_to_others(*reference, environment_)) return;
        of_target(spec, name, reference->text());
    }

    void key_file(const targets::TargetSpec& spec, const std::string& path)
    {
        if (is_open(path)) of_target(spec, "key_path", path);
    }

    void tls_key(const std::string& path)
    {
        if (!is_open(path)) return;
        const auto& source = configuration_.settings.sources.of("tls.key");
        problems_.add(source.file, source.place, "tls.key: " + complaint(path));
    }

private:
    static std::string complaint(const std::string& what)
    {
        return quote(what) + " can be read or changed by others; set its file's mode to 0600";
    }
    void of_target(const targets::TargetSpec& spec, const char* name, const std::string& what)
    {
        problems_.add(
            configuration_.settings.targets_file, yaml::nowhere,
            "target " + quote(spec.facts.id.view()) + ": " + name + ": " + complaint(what));
    }

    const Configuration& configuration_;
    const targets::Environment& environment_;
    yaml::Problems& problems_;
};

}  // namespace

void check_secret_files(const Configuration& configuration,
                        const targets::Environment& environment,
                        yaml::Problems& problems)
{
    Check check{configuration, environment, problems};
    const auto& settings = configuration.settings;
    check.setting("audit.key", settings.audit.key);
    check.setting("auth.oidc.client_secret", settings.auth.oidc.client_secret);
    check.setting("auth.hmac_shared_secret", settings.auth.hmac_shared_secret);
    check.tls_key(settings.tls_key);
    for (const auto& spec : configuration.targets.targets) {
        if (const auto* ssh = std::get_if<targets::SshConnection>(&spec.connection)) {
            check.key_file(spec, ssh->key_path);
            check.target(spec, "key", ssh->key);
            check.target(spec, "passphrase", ssh->passphrase);
        } else if (const auto* http = std::get_if<targets::HttpConnection>(&spec.connection)) {
            check.target(spec, "credential", http->credential);
        } else if (const auto* docker = std::get_if<targets::DockerConnection>(&spec.connection)) {
            if (!docker->cert_path.empty()) check.key_file(spec, docker->cert_path + "/key.pem");
        }
    }
}

}  // namespace tailops::app
