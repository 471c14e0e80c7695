#pragma once

#include "gateway/app/configuration.hpp"
#include "gateway/audit/secret_registry.hpp"

#include <memory>

namespace tailops::app {

/// Every credential that the configuration refers to, so that none of them can get into a record. A
/// reference that cannot be resolved now is passed over: its target says so when it is used.
std::shared_ptr<const audit::SecretRegistry> secrets_of(const Configuration& configuration,
                                                        const targets::Environment& environment,
                                                        const config::AuthSettings& auth);

}  // namespace tailops::app
