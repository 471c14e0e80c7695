#pragma once

#include "gateway/app/configuration.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/tools/secret_places.hpp"

#include <memory>

namespace tailops::app {

/// The files of this gateway that no call may read on its own machine: the state directory, and
/// every file that holds one of its credentials. Looks at the disk.
std::shared_ptr<const tools::OwnPlaces> own_places(const Configuration& configuration,
                                                   const StatePaths& paths,
                                                   const targets::Environment& environment);

/// Notes local targets that allow a folder with the state directory in it: none of that is shown,
/// and whoever wrote it should know.
void note_own_places(const Configuration& configuration, yaml::Problems& problems);

/// Where the gateway runs as root: has local targets read files with the rights of nobody and of
/// those groups that may read logs, but for what their allowed paths name and others may not read.
void limit_readers(targets::TargetsFile& targets);

}  // namespace tailops::app
