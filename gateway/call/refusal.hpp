#pragma once

#include "gateway/core/error.hpp"
#include "policy/decision.hpp"

namespace tailops::call {

/// A refusal in the terms of the caller: approval_required, insufficient_scope or denied. A token
/// that could be issued with the missing scope gets the OAuth answer; the scopes stand in the
/// error's detail.
Error refusal(const policy::AccessRequest& request, const policy::Decision& decision);

}  // namespace tailops::call
