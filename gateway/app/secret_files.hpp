#pragma once

#include "gateway/app/configuration.hpp"

namespace tailops::app {

/// Complains of files that hold credentials of the gateway and that others may read or change.
/// What is not there is for those to say who use it. Looks at the disk.
void check_secret_files(const Configuration& configuration,
                        const targets::Environment& environment,
                        yaml::Problems& problems);

}  // namespace tailops::app
