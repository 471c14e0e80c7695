#include "targets/operation.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <type_traits>

namespace tailops::targets {
namespace {

struct FacetOf {
    Facet operator()(const Probe&) const noexcept { return Facet::reachability; }
    Facet operator()(const Command&) const noexcept { return Facet::shell; }
    Facet operator()(const EngineCall&) const noexcept { return Facet::containers; }
    Facet operator()(const HttpCall&) const noexcept { return Facet::http_api; }
};

}  // namespace

// So there always is one of the four to visit.
static_assert(std::is_nothrow_move_constructible_v<Operation>);

// NOLINTNEXTLINE(bugprone-exception-escape): see above
Facet facet_of(const Operation& operation) noexcept
{
    return std::visit(FacetOf{}, operation);
}

void carry_trace(Operation& operation, std::string parent, std::string state)
{
    auto* call = std::get_if<HttpCall>(&operation);
    if (!call || parent.empty()) return;
    const bool names_one = std::ranges::any_of(call->headers, [](const auto& header) {
        return equal_ignoring_case(header.first, "traceparent");
    });
    if (names_one) return;
    call->headers.emplace_back("traceparent", std::move(parent));
    if (!state.empty()) call->headers.emplace_back("tracestate", std::move(state));
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
