#pragma once

#include "gateway/config/settings.hpp"

namespace tailops::app {

/// Complains of what a start would find in its way on the disk: a state directory that is none and
/// cannot be made, a Unix socket that cannot be bound. Where the folder of a socket would be one
/// that a service manager makes at the start, that it lacks is a notice. Changes nothing.
void check_start_places(const config::Settings& settings, yaml::Problems& problems);

}  // namespace tailops::app
