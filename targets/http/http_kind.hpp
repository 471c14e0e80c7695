#pragma once

#include "targets/kinds.hpp"

namespace tailops::targets {

KindDescriptor http_kind();

}  // namespace tailops::targets
