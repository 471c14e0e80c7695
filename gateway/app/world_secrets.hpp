#pragma once

#include "gateway/app/configuration.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/call/world.hpp"
#include "gateway/core/secret_registry.hpp"

#include <memory>

namespace tailops::app {

/// Has `world` know what it must never show: every credential that the configuration refers to,
/// which `secrets` learns, and the gateway's own files. A reference that cannot be resolved now is
/// passed over: its target says so when it is used, and what it is then is learnt then.
void guard(call::World& world,
           const std::shared_ptr<SecretRegistry>& secrets,
           const Configuration& configuration,
           const StatePaths& paths,
           const targets::Environment& environment);

}  // namespace tailops::app
