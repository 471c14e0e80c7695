#include "gateway/tools/kit/tool_of.hpp"

#include "gateway/core/json.hpp"
#include "gateway/tools/kit/json_schema.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools::kit {

Tool tool_row(About about, Object& blank_arguments, Object& blank_result, bool requires_all)
{
    return {.name = std::move(about.name),
            .title = std::move(about.title),
            .summary = std::move(about.summary),
            .input_schema = dump_json(schema_of_arguments(blank_arguments)),
            .output_schema = dump_json(schema_of_results(blank_result, requires_all)),
            .rights = std::move(about.rights),
            .annotations = about.annotations,
            .has_long_lists = about.has_long_lists,
            .facet = about.facet};
}

Content content_of(Object& value)
{
    return std::make_shared<nlohmann::json>(write_json(value));
}

}  // namespace tailops::tools::kit
