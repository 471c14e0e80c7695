#pragma once

#include "policy/rule.hpp"

namespace tailops::policy {

/// Whether `stronger` outranks `weaker` and matches whatever `weaker` matches, so that `weaker`
/// never decides. Compares clause by clause and says no when it cannot tell: a yes is never wrong.
bool covers(const Rule& stronger, const Rule& weaker);

}  // namespace tailops::policy
