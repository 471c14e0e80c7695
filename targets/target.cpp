#include "targets/target.hpp"

#include "targets/kinds.hpp"

#include <algorithm>

namespace tailops::targets {

std::string_view to_string(Kind kind) noexcept
{
    return descriptor_of(kind).name;
}

bool has_facet(std::string_view kind, Facet facet) noexcept
{
    if (kind.empty() || facet == Facet::reachability) return true;
    return std::ranges::any_of(kinds(), [&](const KindDescriptor& row) {
        return row.name == kind && std::ranges::find(row.facets, facet) != row.facets.end();
    });
}

std::string CredentialReference::text() const
{
    switch (source) {
    case Source::environment: return "env:" + name;
    case Source::file: return "file:" + name;
    case Source::systemd: return "systemd:" + name;
    }
    return name;
}

}  // namespace tailops::targets
