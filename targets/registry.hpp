#pragma once

#include "targets/target.hpp"

#include <map>
#include <memory>

namespace tailops::targets {

/// Every target there is, at one moment. Immutable: a reload builds another and swaps it in.
class Registry {
public:
    explicit Registry(std::vector<std::shared_ptr<const Target>> targets);

    /// Null when there is no such target.
    std::shared_ptr<const Target> find(const TargetId&) const;
    /// Ordered by id.
    const std::map<TargetId, std::shared_ptr<const Target>>& all() const noexcept
    {
        return targets_;
    }

private:
    std::map<TargetId, std::shared_ptr<const Target>> targets_;
};

}  // namespace tailops::targets
