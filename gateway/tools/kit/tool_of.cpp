#include "gateway/tools/kit/tool_of.hpp"

#include "gateway/core/json.hpp"
#include "gateway/tools/kit/json_schema.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace tailops::tools::kit {

namespace {

constexpr std::array<std::string_view, 5> step_states = {"done", "failed", "unknown", "undone",
                                                         "left"};

}  // namespace

void JobReport::Step::fields(Fields& f, Step& s)
{
    f("step", s.step);
    f("state", s.state,
      "unknown: it was begun and nobody knows how it ended; left: it was done and could not be "
      "undone",
      {.one_of = step_states});
    f("why", s.why, "Of what is not done, with what to do by hand");
}

void JobReport::fields(Fields& f, JobReport& s)
{
    f("success", s.success, "false: what was done is undone, as far as steps says so");
    f("error", s.error);
    f("steps", s.steps, "What was changed on the target, in this order");
    f("by_hand", s.by_hand, "What is left to do by hand, in the order in which it can be done");
}

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
