#include "gateway/core/text.hpp"
#include "gateway/tools/families.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace tailops::tools {
namespace {

using nlohmann::json;

constexpr std::string_view input = R"json({
  "type": "object", "properties": {}, "additionalProperties": false
})json";

constexpr std::string_view output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean"},
    "target": {"type": "string"},
    "elapsed_ms": {"type": "integer", "description": "Connecting and authenticating"},
    "detail": {"type": "string", "description": "What the target said about itself"}
  }
})json";

Result<Plan> plan(const json&, const PlanContext& context)
{
    const auto id = context.target ? context.target->facts.id.str() : std::string{};
    return Plan{.right = {"gateway:read", Tier::observe},
                .operation = targets::Probe{},
                .parameters = {},
                .present = [id](const targets::ExecutionResult& result) -> Result<json> {
                    json out{
                        {"success", true}, {"target", id}, {"elapsed_ms", result.elapsed.count()}};
                    if (!result.output.empty()) out["detail"] = escaped_line(result.output, 300);
                    return out;
                }};
}

constexpr std::array rights = {Right{"gateway:read", Tier::observe}};

}  // namespace

std::span<const Tool> target_tools()
{
    static constexpr std::array tools = {
        Tool{.name = "test_target",
             .title = "Test a target",
             .summary =
                 "Connects to a target and authenticates there, and does nothing else. Tells "
                 "whether it can be reached and why not.",
             .input_schema = input,
             .output_schema = output,
             .rights = rights,
             .annotations =
                 {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
             .plan = plan},
    };
    return tools;
}

}  // namespace tailops::tools
