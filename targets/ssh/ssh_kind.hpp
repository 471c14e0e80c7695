#pragma once

#include "targets/kinds.hpp"

namespace tailops::targets {

KindDescriptor ssh_kind();

}  // namespace tailops::targets
