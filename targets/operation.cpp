#include "targets/operation.hpp"

namespace tailops::targets {
namespace {

struct FacetOf {
    Facet operator()(const Probe&) const noexcept { return Facet::reachability; }
    Facet operator()(const Command&) const noexcept { return Facet::shell; }
    Facet operator()(const EngineCall&) const noexcept { return Facet::containers; }
    Facet operator()(const HttpCall&) const noexcept { return Facet::http_api; }
};

}  // namespace

Facet facet_of(const Operation& operation) noexcept
{
    return std::visit(FacetOf{}, operation);
}

std::string_view to_string(Facet facet) noexcept
{
    switch (facet) {
    case Facet::reachability: return "a reachability test";
    case Facet::shell: return "running commands";
    case Facet::containers: return "containers";
    case Facet::http_api: return "an HTTP API";
    }
    return "nothing";
}

std::string_view to_string(Remains remains) noexcept
{
    switch (remains) {
    case Remains::nothing: return "it was stopped";
    case Remains::signalled: return "it was told to stop and not seen ending";
    case Remains::unknown: return "whether it still runs is unknown";
    }
    return "whether it still runs is unknown";
}

}  // namespace tailops::targets
