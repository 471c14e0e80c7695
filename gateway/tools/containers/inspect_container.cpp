#include "gateway/tools/containers/container_json.hpp"
#include "gateway/tools/containers/engine_answer.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using containers::ContainerFailure;
using containers::InspectedContainer;
using targets::ExecutionResult;

struct ContainerWanted {
    std::string name_or_id{};

    static void fields(kit::Fields& f, ContainerWanted& s)
    {
        f("name_or_id", s.name_or_id, containers::name_meaning, containers::name_rules);
    }
};

Result<InspectedContainer> read_container(const ExecutionResult& result)
{
    TAILOPS_TRY(const auto container, containers::told_container(result, result.output));
    return containers::inspection(container);
}

Result<kit::PlanOf<InspectedContainer, ContainerFailure>> plan(const ContainerWanted& wanted,
                                                               const PlanContext&)
{
    const auto& name = wanted.name_or_id;
    return {
        {.operation =
             targets::EngineCall{
                 .method = "GET", .path = "/containers/" + name + "/json", .query = {}, .body = {}},
         .read = read_container,
         .failed =
             [name](const auto& result) { return containers::container_failure(result, name); },
         .namings = {containers::naming_of(name)}}};
}

}  // namespace

Tool inspect_container()
{
    return kit::ToolOf<ContainerWanted, InspectedContainer, ContainerFailure>{
        {.name = "inspect_container",
         .title = "Inspect a container",
         .summary = "How a container is configured and how it fares: state, restarts, command, "
                    "mounts, networks, ports. Values of environment variables are not shown.",
         .rights = {{{"container", "read"}, Tier::observe}},
         .facet = targets::Facet::containers}}
        .plans(plan);
}

}  // namespace tailops::tools
