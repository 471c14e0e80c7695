#include "policy/decision.hpp"

namespace tailops::policy {

std::string_view to_string(Effect effect) noexcept
{
    switch (effect) {
    case Effect::allow: return "allow";
    case Effect::deny: return "deny";
    case Effect::require_approval: return "require_approval";
    case Effect::dry_run_only: return "dry_run_only";
    }
    return "deny";
}

}  // namespace tailops::policy
