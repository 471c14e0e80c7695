#pragma once

#include "gateway/core/ids.hpp"

namespace tailops {

/// A new id: 16 hexadecimal digits, unique for all practical purposes and no secret. From any
/// thread; each has a generator of its own, seeded by the operating system.
RequestId mint_request_id();

}  // namespace tailops
