#pragma once

#include "targets/kinds.hpp"

namespace tailops::targets {

KindDescriptor docker_kind();

}  // namespace tailops::targets
