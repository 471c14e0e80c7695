#pragma once

#include "targets/kinds.hpp"

namespace tailops::targets {

KindDescriptor local_kind();

}  // namespace tailops::targets
