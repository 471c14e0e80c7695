#include "gateway/app/world_secrets.hpp"

#include "gateway/app/configured_secrets.hpp"
#include "gateway/app/own_places.hpp"
#include "targets/credentials/credentials.hpp"

namespace tailops::app {
namespace {

void learn_secrets(SecretRegistry& registry,
                   const Configuration& configuration,
                   const targets::Environment& environment)
{
    for (const auto& one : configured_secrets(configuration)) {
        // A key whose file others may read is not used either.
        if (const auto secret = targets::resolve(one.reference, environment)) {
            targets::learn(registry, *secret, one.user);
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
    learn_secrets(*secrets, configuration, environment);
    world.secrets = secrets;
    world.own_places = own_places(configuration, paths, environment);
}

}  // namespace tailops::app
