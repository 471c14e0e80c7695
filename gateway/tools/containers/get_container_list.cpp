#include "gateway/tools/containers/container_json.hpp"
#include "gateway/tools/containers/engine_answer.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using kit::Fields;
using targets::ExecutionResult;

struct ListWanted {
    bool all{true};

    static void fields(Fields& f, ListWanted& s) { f("all", s.all, "The stopped ones too"); }
};

struct ContainerList {
    std::vector<containers::ListedContainer> containers{};
    std::size_t count{};
    std::optional<bool> truncated{};

    static void fields(Fields& f, ContainerList& s)
    {
        f("containers", s.containers);
        f("count", s.count);
        f("truncated", s.truncated, "The policy's output limit hid further containers");
    }
};

Result<ContainerList> read_list(const ExecutionResult& result)
{
    const auto elements = containers::array_elements(result.output);
    if (!elements || (!elements->is_complete && !result.truncated)) {
        return fail(containers::not_of_an_engine(result));
    }
    ContainerList out;
    for (const auto text : elements->texts) {
        TAILOPS_TRY(const auto container, containers::told_container(result, text));
        out.containers.push_back(containers::list_entry(container));
    }
    out.count = out.containers.size();
    return out;
}

Result<kit::PlanOf<ContainerList, containers::EngineFailure>> plan(const ListWanted& wanted,
                                                                   const PlanContext&)
{
    return {{.operation = targets::EngineCall{.method = "GET",
                                              .path = "/containers/json",
                                              .query = {{"all", wanted.all ? "1" : "0"}},
                                              .body = {}},
             .read = read_list,
             .failed = containers::engine_failure}};
}

}  // namespace

Tool get_container_list()
{
    return kit::ToolOf<ListWanted, ContainerList, containers::EngineFailure>{
        {.name = "get_container_list",
         .title = "Containers",
         .summary = "The containers of a Docker engine: state, image, ports, health, and the "
                    "compose stack each belongs to.",
         .rights = {{{"container", "read"}, Tier::observe}},
         .has_long_lists = true,
         .facet = targets::Facet::containers}}
        .plans(plan);
}

}  // namespace tailops::tools
