#pragma once

#include "gateway/app/configuration.hpp"

#include <string>
#include <vector>

namespace tailops::app {

/// One secret that the configuration refers to.
struct ConfiguredSecret {
    std::string setting;                         // "audit.key"; of a target: "key_path"
    const targets::TargetSpec* target{nullptr};  // null: it stands in gateway.yaml
    targets::CredentialReference reference;      // a path of a file is one as well
    std::string said;                            // as it is written
    std::string user{};                          // whose password it is, where it is one
};

/// All of them: what none of them may miss asks here (who is told of files that others may read,
/// what no answer may hold, which places no call opens). Refers to `configuration`.
std::vector<ConfiguredSecret> configured_secrets(const Configuration& configuration);

}  // namespace tailops::app
