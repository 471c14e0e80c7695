#pragma once

#include "gateway/core/capability.hpp"

#include <string>
#include <vector>

namespace tailops::tools {

using Texts = std::vector<std::string>;

/// The texts of a set or a list, as results hold them.
template <class Range>
Texts texts_of(const Range& range)
{
    return {range.begin(), range.end()};
}

inline Texts names_of(const CapabilitySet& capabilities)
{
    Texts names;
    names.reserve(capabilities.size());
    for (const auto capability : capabilities) names.push_back(capability.text());
    return names;
}

}  // namespace tailops::tools
