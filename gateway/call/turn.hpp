#pragma once

#include "gateway/call/preparing.hpp"
#include "gateway/call/world.hpp"

namespace tailops::call {

/// Whether a call that was permitted in one world still is when its turn comes in the next: a
/// reload may have come while it waited. `granted` is what it was permitted with.
/// Errors: not_found (the target is gone), denied and what else a refusal is, unavailable
/// (something of it has changed; a call that is made now is judged by it).
Status check_again(const World& now,
                   const Prepared& prepared,
                   const policy::AccessRequest& request,
                   const policy::Obligations& granted);

}  // namespace tailops::call
