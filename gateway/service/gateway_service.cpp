#include "gateway/service/gateway_service.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/toon.hpp"
#include "gateway/core/try.hpp"
#include "gateway/service/call_log.hpp"
#include "gateway/service/gateway_prompts.hpp"
#include "gateway/service/progress_ticker.hpp"
#include "gateway/service/rights_key.hpp"

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <map>

namespace tailops::service {
namespace {

using nlohmann::json;

json annotations_of(const tools::Tool& tool)
{
    return {{"readOnlyHint", tool.annotations.read_only},
            {"destructiveHint", tool.annotations.destructive},
            {"idempotentHint", tool.annotations.idempotent},
            {"openWorldHint", tool.annotations.open_world}};
}

std::shared_ptr<const json> shared(json value)
{
    return std::make_shared<const json>(std::move(value));
}

ToolListing listing_of(const tools::Tool& tool, const json& arguments_schema)
{
    return {.name = tool.name,
            .title = tool.title,
            .description = tool.summary,
            .input_schema = shared(arguments_schema),
            .output_schema = shared(tools::full_output_schema(tool)),
            .annotations = shared(annotations_of(tool)),
            .may_last = tool.needs_target()};
}

GatewayPrompts::ToolNames names_of(const std::vector<call::Pipeline::VisibleTool>& tools)
{
    GatewayPrompts::ToolNames names;
    for (const auto& tool : tools) names.emplace(tool->name);
    return names;
}

ToolResult as_result(const Error& error)
{
    return {.text = std::string{to_string(error.code())} + ": " + error.public_message(),
            .structured = nullptr,
            .is_error = true,
            .more_blocks = nullptr};
}

/// The text block: what a model reads. `format: toon` asks for fewer tokens where lists are long;
/// otherwise it is that of the structured result, if there is one.
std::string text_of(const call::Answer& answer, const json& arguments)
{
    if (text_member(arguments, "format") == "toon") return to_toon(*answer.content);
    return {};
}

/// Links to the outputs that the result has no room for: a client can show and read them without
/// knowing our tools. Null when there are none.
JsonPart links_in(const json& content)
{
    json links = json::array();
    for (const auto& [member, stream] :
         {std::pair{"read_more", "stdout"}, std::pair{"read_more_stderr", "stderr"}}) {
        const auto uri = text_member(content, member);
        if (uri.empty()) continue;
        links.push_back({{"type", "resource_link"},
                         {"uri", uri},
                         {"name", stream},
                         {"description", std::string{"The "} + stream +
                                             " of this call from its beginning, in pages: `next` "
                                             "of each names the one that follows"},
                         {"mimeType", "application/json"}});
    }
    return links.empty() ? nullptr : shared(std::move(links));
}

ToolResult tool_result(const call::Answer& answer, const json& arguments)
{
    return {.text = text_of(answer, arguments),
            .structured = answer.content,
            .is_error = answer.failed,
            .more_blocks = links_in(*answer.content)};
}

}  // namespace

GatewayService::GatewayService(call::Pipeline& pipeline,
                               const Clock& clock,
                               GatewayServiceSettings settings)
    : pipeline_{pipeline},
      exposure_{settings.exposure},
      progress_interval_{settings.progress_interval},
      calls_per_minute_{settings.calls_per_minute},
      rate_{settings.calls_per_minute},
      resources_{pipeline, std::move(settings.own_records)},
      completions_{pipeline, clock,
                   [this](const auth::Principal& principal) { return check_rate(principal); }}
{
}

std::string GatewayService::instructions() const
{
    return "TailOps Gateway operates machines for you within a policy. Call list_targets first: "
           "every tool about a machine takes its id as `target`. A refusal says which rule "
           "decided; "
           "do not work around it. \"approval required\" means that a person must agree first.";
}

std::shared_ptr<const GatewayService::Listings> GatewayService::listings() const
{
    const auto catalogue = pipeline_.world().get()->tools;
    const std::scoped_lock lock{mutex_};
    if (listed_ == catalogue) return listings_;
    Listings listings;
    for (const auto& tool : catalogue->all()) {
        auto listing = listing_of(tool, catalogue->arguments_schema(tool));
        listings.emplace(tool.name, std::make_shared<const ToolListing>(std::move(listing)));
    }
    listed_ = catalogue;
    listings_ = std::make_shared<const Listings>(std::move(listings));
    return listings_;
}

std::shared_ptr<const ToolListing> GatewayService::find_tool(std::string_view name) const
{
    if (exposure_ == ToolExposure::compact) {
        if (const auto* tool = find_compact_tool(name)) return {std::shared_ptr<void>{}, tool};
    }
    const auto all = listings();
    const auto at = all->find(name);
    return at == all->end() ? nullptr : at->second;
}

std::vector<ToolListing> GatewayService::usable_tools(const auth::Principal& principal) const
{
    std::vector<ToolListing> out;
    const auto all = listings();
    for (const auto& tool : pipeline_.visible_tools(principal)) {
        const auto at = all->find(tool->name);
        if (at != all->end()) out.push_back(*at->second);
    }
    return out;
}

std::vector<ToolListing> GatewayService::list_tools(const auth::Principal& principal) const
{
    auto usable = usable_tools(principal);
    return exposure_ == ToolExposure::compact ? compact_listing(usable) : usable;
}

std::vector<PromptListing> GatewayService::list_prompts(const auth::Principal& principal) const
{
    return GatewayPrompts::list(names_of(pipeline_.visible_tools(principal)));
}

std::vector<ResourceListing> GatewayService::list_resources(const auth::Principal& principal) const
{
    return resources_.list(principal);
}

std::vector<ResourceListing> GatewayService::list_resource_templates(
    const auth::Principal& principal) const
{
    return resources_.templates(principal);
}

std::string GatewayService::listing_key(ListKind, const auth::Principal& principal) const
{
    return std::to_string(pipeline_.generation()) + rights_key(principal);
}

Task<Result<ToolOutcome>> GatewayService::call_tool(Caller& caller,
                                                    std::string name,
                                                    JsonPart arguments)
{
    const bool is_compact = exposure_ == ToolExposure::compact && find_compact_tool(name);
    if (!is_compact) co_return co_await run_tool(caller, std::move(name), std::move(arguments));
    if (name == "call_tool") {
        auto inner = inner_call(arguments);
        if (!inner) co_return as_result(inner.error());
        co_return co_await run_tool(caller, std::move(inner->name), std::move(inner->arguments));
    }
    if (auto allowed = check_rate(caller.principal()); !allowed) {
        co_return as_result(allowed.error());
    }
    const auto answer = answer_compact_tool(name, *arguments, usable_tools(caller.principal()));
    if (!answer) co_return as_result(answer.error());
    ToolResult result{.text = dump_json(*answer),
                      .structured = shared(*answer),
                      .is_error = false,
                      .more_blocks = nullptr};
    co_return result;
}

Status GatewayService::check_rate(const auth::Principal& principal)
{
    const auto who = principal.identity.key();
    const auto verdict = rate_.take(who, std::chrono::steady_clock::now());
    if (verdict.wait.count() == 0) return {};
    if (verdict.is_first_refusal) log(Event::calls_throttled, {{"subject", who}});
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(verdict.wait).count();
    return fail(Errc::busy, "nothing was done: of one caller " + std::to_string(calls_per_minute_) +
                                " calls within a minute are served; wait " +
                                std::to_string(seconds) + " s");
}

Task<Result<ToolOutcome>> GatewayService::run_tool(Caller& caller,
                                                   std::string name,
                                                   JsonPart arguments)
{
    if (!pipeline_.world().get()->tools->find(name))
        co_return fail(Errc::not_found, "Unknown tool: " + escaped_line(name, 64));
    if (auto allowed = check_rate(caller.principal()); !allowed) {
        co_return as_result(allowed.error());
    }
    const CallLog log{caller, name, *arguments};
    call::Invocation call{.id = caller.request(),
                          .principal = caller.principal(),
                          .tool = name,
                          .arguments = arguments,
                          .trace = caller.trace()};
    const auto home = co_await boost::asio::this_coro::executor;
    const ProgressTicker pulse{home, caller, progress_interval_};
    call.on_step = [&pulse](const std::string& step) { pulse.tell(step); };
    log.begins();
    auto answer = co_await pipeline_.run(std::move(call));
    log.ended(answer ? nullptr : &answer.error());
    if (answer) co_return tool_result(*answer, *arguments);
    const auto code = answer.error().code();
    if (code == Errc::insufficient_scope || code == Errc::cancelled) {
        co_return fail(std::move(answer).error());
    }
    co_return as_result(answer.error());
}

Task<Result<Outcome<PromptResult>>> GatewayService::get_prompt(Caller& caller,
                                                               std::string name,
                                                               JsonPart arguments)
{
    const auto usable = names_of(pipeline_.visible_tools(caller.principal()));
    auto prompt = GatewayPrompts::get(name, *arguments, usable);
    if (!prompt) co_return fail(std::move(prompt).error());
    co_return *std::move(prompt);
}

Task<Result<Outcome<ResourceResult>>> GatewayService::read_resource(Caller& caller, std::string uri)
{
    // What is read is work as a tool's is. An address that names nothing is answered by an error,
    // as a tool's unknown name is, and counts as one.
    if (parse_resource_address(uri)) {
        TAILOPS_CO_CHECK(check_rate(caller.principal()));
    }
    auto resource = co_await resources_.read(caller, std::move(uri));
    if (!resource) co_return fail(std::move(resource).error());
    co_return *std::move(resource);
}

Task<Result<Completion>> GatewayService::complete(Caller& caller, CompletionQuery query)
{
    co_return co_await completions_.complete(caller, std::move(query));
}

Following GatewayService::following(const auth::Principal& principal, std::string_view uri) const
{
    return resources_.following(principal, uri);
}

}  // namespace tailops::service
