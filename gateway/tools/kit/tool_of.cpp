#include "gateway/tools/kit/tool_of.hpp"

#include "gateway/core/json.hpp"
#include "gateway/tools/kit/json_schema.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools::kit {

Tool tool_row(About about, Blanks blanks, bool requires_all)
{
    auto results = schema_of_results(blanks.result, requires_all);
    const auto failures = schema_of_results(blanks.failure, false);
    // What both have is described as the result has it.
    for (const auto& [name, schema] : failures.at("properties").items()) {
        results["properties"].emplace(name, schema);
    }
    return {.name = std::move(about.name),
            .title = std::move(about.title),
            .summary = std::move(about.summary),
            .input_schema = dump_json(schema_of_arguments(blanks.arguments)),
            .output_schema = dump_json(results),
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
