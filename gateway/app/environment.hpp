#pragma once

#include "targets/targets_file.hpp"

namespace tailops::app {

/// The process's environment: the only code that reads it.
targets::Environment process_environment();

}  // namespace tailops::app
