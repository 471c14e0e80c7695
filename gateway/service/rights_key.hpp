#pragma once

#include "auth/principal.hpp"

#include <string>

namespace tailops::service {

/// Equal for two principals only if every rule of one policy matches both alike: what answers that
/// differ by rights are kept under, together with the policy's generation. When the token ends is
/// left out.
std::string rights_key(const auth::Principal& principal);

}  // namespace tailops::service
