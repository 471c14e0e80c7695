#include "gateway/core/text.hpp"
#include "gateway/tools/families.hpp"
#include "targets/http/api_rules.hpp"

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
    "detail": {"type": "string", "description": "How far the test went; nothing of what the target holds"}
  }
})json";

/// What the probe asks an API: http_request with the same words.
std::optional<Inquiry> inquiry_of(const PlanContext& context)
{
    const auto* api = context.target
                          ? std::get_if<targets::HttpConnection>(&context.target->connection)
                          : nullptr;
    const auto call = api ? targets::probe_call(*api) : std::nullopt;
    if (!call) return std::nullopt;
    return Inquiry{.tool = "http_request",
                   .right = right_of_method(call->method),
                   .parameters = {{"method", call->method}, {"path", call->path}},
                   .aliases = {{"path", aliases_of_path(call->path)}}};
}

Result<Plan> plan(const json&, const PlanContext& context)
{
    const auto id = context.target ? context.target->facts.id.str() : std::string{};
    return Plan{.right = {"gateway:read", Tier::observe},
                .operation = targets::Probe{},
                .parameters = {},
                .inquiry = inquiry_of(context),
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
                 "whether it can be reached and why not. An API is sent a request only where you "
                 "may send it the same with http_request.",
             .input_schema = input,
             .output_schema = output,
             .rights = rights,
             .annotations =
                 {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
             .plan = plan,
             .facet = targets::Facet::reachability},
    };
    return tools;
}

}  // namespace tailops::tools
