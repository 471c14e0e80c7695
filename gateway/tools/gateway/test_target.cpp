#include "gateway/core/text.hpp"
#include "gateway/tools/http/method_rights.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "targets/http/api_rules.hpp"

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

struct Tested {
    bool success{};
    std::string target{};
    std::int64_t elapsed_ms{};
    std::optional<std::string> detail{};

    static void fields(Fields& f, Tested& s)
    {
        f("success", s.success);
        f("target", s.target);
        f("elapsed_ms", s.elapsed_ms, "Connecting and authenticating");
        f("detail", s.detail, "How far the test went; nothing of what the target holds");
    }
};

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

Result<kit::PlanOf<Tested>> plan(const NoArguments&, const PlanContext& context)
{
    const auto id = context.target ? context.target->facts.id.str() : std::string{};
    return kit::PlanOf<Tested>{
        .operation = targets::Probe{},
        .read = [id](const targets::ExecutionResult& result) -> Result<Tested> {
            Tested out{.success = true, .target = id, .elapsed_ms = result.elapsed.count()};
            if (!result.output.empty()) out.detail = escaped_line(result.output, 300);
            return out;
        },
        .inquiry = inquiry_of(context)};
}

}  // namespace

Tool test_target()
{
    return kit::ToolOf<NoArguments, Tested>{
        {.name = "test_target",
         .title = "Test a target",
         .summary = "Connects to a target and authenticates there, and does nothing else. Tells "
                    "whether it can be reached and why not. An API is sent a request only where "
                    "you may send it the same with http_request.",
         .rights = {{{"gateway", "read"}, Tier::observe}},
         .facet = targets::Facet::reachability}}
        .plans(plan);
}

}  // namespace tailops::tools
