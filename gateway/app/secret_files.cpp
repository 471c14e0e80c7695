#include "gateway/app/secret_files.hpp"

#include "gateway/app/configured_secrets.hpp"
#include "gateway/core/text.hpp"
#include "targets/credentials/credentials.hpp"

namespace tailops::app {
namespace {

/// Whether everybody may read or change it is looked at here; whether a group may, by those who use
/// it (targets/ssh/key.cpp): who checks may be another user than the daemon.
void complain(const ConfiguredSecret& secret,
              const Configuration& configuration,
              yaml::Problems& problems)
{
    const auto what = secret.setting + ": " + quote(secret.said) +
                      " can be read or changed by others; set its file's mode to 0600";
    const auto& settings = configuration.settings;
    if (secret.target) {
        problems.add(settings.targets_file, yaml::nowhere,
                     "target " + quote(secret.target->facts.id.view()) + ": " + what);
        return;
    }
    const auto& source = settings.sources.of(secret.setting);
    problems.add(source.file, source.place, what);
}

}  // namespace

void check_secret_files(const Configuration& configuration,
                        const targets::Environment& environment,
                        yaml::Problems& problems)
{
    for (const auto& secret : configured_secrets(configuration)) {
        if (!targets::is_open_to_others(secret.reference, environment)) continue;
        complain(secret, configuration, problems);
    }
}

}  // namespace tailops::app
