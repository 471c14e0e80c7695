#include "targets/registry.hpp"

namespace tailops::targets {

Registry::Registry(std::vector<std::shared_ptr<const Target>> targets)
{
    for (auto& target : targets) {
        const auto id = target->spec.facts.id;
        targets_.emplace(id, std::move(target));
    }
}

std::shared_ptr<const Target> Registry::find(const TargetId& id) const
{
    const auto at = targets_.find(id);
    return at == targets_.end() ? nullptr : at->second;
}

}  // namespace tailops::targets
