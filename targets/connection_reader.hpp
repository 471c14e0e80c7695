#pragma once

#include "gateway/core/yaml.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

namespace tailops::targets {

/// Reads the `connection` mapping of one target of `kind`. `${NAME}` is looked up in `environment`.
/// Everything wrong goes to the problems of `target`.
Connection read_connection(Kind kind,
                           yaml::MapReader& target,
                           const yaml::Node& node,
                           const Environment& environment);

}  // namespace tailops::targets
