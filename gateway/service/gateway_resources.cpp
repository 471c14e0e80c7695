#include "gateway/service/gateway_resources.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/try.hpp"
#include "gateway/service/effective_policy.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::service {
namespace {

using nlohmann::json;

using Kind = ResourceAddress::Kind;

constexpr std::string_view list_uri = "tailops://targets";
constexpr std::string_view json_type = "application/json";

std::unexpected<Error> no_such_resource()
{
    return fail(Errc::not_found, "resource not found");
}

// What the trail says of a reading that no tool answers.
constexpr const char* reading = "resources/read";

/// The tool that answers what a resource holds; nothing where none does.
std::optional<std::string_view> tool_behind(Kind kind)
{
    switch (kind) {
    case Kind::me: return "whoami";
    case Kind::targets:
    case Kind::target:
    case Kind::target_state: return "list_targets";
    case Kind::command: return "list_commands";
    case Kind::run: return "get_run";
    case Kind::output: return "read_output";
    case Kind::audit:
    case Kind::tools: break;
    }
    return std::nullopt;
}

Kind kind_of_template(std::string_view uri)
{
    if (uri == output_template) return Kind::output;
    if (uri.starts_with("tailops://runs/")) return Kind::run;
    return uri.starts_with("tailops://commands/") ? Kind::command : Kind::target;
}

json tool_rows(const std::vector<call::Pipeline::VisibleTool>& visible)
{
    auto rows = json::array();
    for (const auto& tool : visible) {
        auto rights = json::array();
        for (const auto& right : tool->rights) {
            rights.push_back(
                {{"capability", right.capability.text()}, {"tier", to_string(right.tier)}});
        }
        rows.push_back({{"name", tool->name},
                        {"title", tool->title},
                        {"summary", tool->summary},
                        {"rights", std::move(rights)}});
    }
    return rows;
}

ResourceResult as_contents(const std::string& uri, const json& content)
{
    auto array =
        json::array({{{"uri", uri}, {"mimeType", json_type}, {"text", dump_json(content)}}});
    return {std::make_shared<const json>(std::move(array))};
}

ResourceListing row(std::string uri, std::string name, std::string title, std::string description)
{
    return {.uri = std::move(uri),
            .name = std::move(name),
            .title = std::move(title),
            .description = std::move(description),
            .mime_type = std::string{json_type}};
}

}  // namespace

std::vector<change::Resource> changes_of_target(const TargetId& id)
{
    const auto uri = target_uri(id.view());
    return {{.uri = std::string{list_uri}, .about = uri}, {.uri = uri}, {.uri = uri + "/state"}};
}

std::vector<ResourceListing> GatewayResources::list(const auth::Principal& principal) const
{
    std::vector<ResourceListing> out;
    const auto add = [&](Kind kind, ResourceListing listing) {
        if (may_read(principal, kind)) out.push_back(std::move(listing));
    };
    add(Kind::audit, row("tailops://audit", "audit", "Your records",
                         "The newest 50 records that the audit trail holds of your calls; "
                         "`truncated` says that there are older ones"));
    add(Kind::me,
        row("tailops://me", "me", "You",
            "Who the gateway believes you are, and what the policy lets you do on each target"));
    add(Kind::targets,
        row(std::string{list_uri}, "targets", "Targets", "The targets that you may see"));
    add(Kind::tools,
        row("tailops://tools", "tools", "Tools", "The tools that you may use, and their rights"));
    if (!may_read(principal, Kind::target)) return out;
    for (const auto& visible : pipeline_.visible_targets(principal)) {
        const auto& id = visible.target->spec.facts.id.str();
        out.push_back(row(target_uri(id), id, "Target " + id,
                          "What " + id + " offers, and its last known state"));
    }
    return out;
}

std::vector<ResourceListing> GatewayResources::templates(const auth::Principal& principal) const
{
    auto out = all_templates();
    std::erase_if(out, [&](const ResourceListing& listing) {
        return !may_read(principal, kind_of_template(listing.uri));
    });
    return out;
}

std::vector<ResourceListing> GatewayResources::all_templates()
{
    return {row("tailops://commands/{command_name}", "command", "A command",
                "What a command of the catalogue runs, its parameters and the right that it needs"),
            row("tailops://runs/{id}", "run", "A call", "How a call of yours stands, or ended"),
            row(std::string{output_template}, "output", "A call's output",
                "What a call of yours wrote, in pages from a byte on; stream is stdout or stderr. "
                "`next` of a page names the one that follows it"),
            row("tailops://targets/{id}", "target", "A target", "What it offers, and its state"),
            row("tailops://targets/{id}/state", "state", "A target's state",
                "Whether it could be reached, and since when")};
}

bool GatewayResources::may_read(const auth::Principal& principal, Kind kind) const
{
    const auto tool = tool_behind(kind);
    return tool ? pipeline_.may_ask(principal, *tool) : pipeline_.may_look(principal);
}

Task<Result<ResourceResult>> GatewayResources::read(Caller& caller, std::string uri)
{
    auto content = co_await content_of(caller, uri);
    if (content) co_return as_contents(uri, *content);
    // Whether something is there or hidden: one answer, with the address that was asked for.
    if (content.error().code() == Errc::not_found) co_return no_such_resource();
    co_return fail(std::move(content).error());
}

Task<Result<json>> GatewayResources::content_of(Caller& caller, std::string uri)
{
    auto address = parse_resource_address(uri);
    if (!address) co_return no_such_resource();
    switch (address->kind) {
    case Kind::me: co_return co_await me(caller);
    case Kind::targets: co_return co_await ask(caller, "list_targets", json::object());
    case Kind::audit:
    case Kind::tools: co_return co_await read_own(caller, address->kind, std::move(uri));
    case Kind::target:
    case Kind::target_state: co_return co_await target(caller, std::move(*address));
    case Kind::command: co_return co_await command(caller, std::move(address->id));
    case Kind::run: {
        json arguments{{"run_id", address->id}};
        co_return co_await ask(caller, "get_run", std::move(arguments));
    }
    case Kind::output: co_return co_await output(caller, *address);
    }
    co_return no_such_resource();
}

Task<Result<json>> GatewayResources::read_own(Caller& caller, Kind kind, std::string uri)
{
    call::Invocation call{.id = caller.request(),
                          .principal = caller.principal(),
                          .tool = reading,
                          .arguments = std::make_shared<const json>(json{{"uri", uri}}),
                          .trace = caller.trace()};
    call::Pipeline::Content content = [this, &caller] { return catalogue(caller.principal()); };
    if (kind == Kind::audit) {
        content = [this, &caller] { return own_records_(caller.principal()); };
    }
    co_return co_await pipeline_.read(std::move(call), std::move(content));
}

Task<Result<json>> GatewayResources::catalogue(auth::Principal principal) const
{
    co_return tool_rows(pipeline_.visible_tools(principal));
}

Task<Result<json>> GatewayResources::ask(Caller& caller, std::string tool, json arguments)
{
    call::Invocation call{.id = caller.request(),
                          .principal = caller.principal(),
                          .tool = std::move(tool),
                          .arguments = std::make_shared<const json>(std::move(arguments)),
                          .trace = caller.trace()};
    auto answer = co_await pipeline_.run(std::move(call));
    if (!answer) co_return fail(std::move(answer).error());
    co_return *answer->content;
}

Task<Result<json>> GatewayResources::target(Caller& caller, ResourceAddress address)
{
    TAILOPS_CO_TRY(const auto all, co_await ask(caller, "list_targets", json::object()));
    const auto* rows = find_member(all, "targets");
    if (!rows) co_return no_such_resource();
    const auto at = std::ranges::find_if(
        *rows, [&address](const json& one) { return text_member(one, "id") == address.id; });
    if (at == rows->end()) co_return no_such_resource();
    if (address.kind == Kind::target) co_return *at;
    const auto* state = find_member(*at, "state");
    co_return state ? *state : *at;
}

Task<Result<json>> GatewayResources::me(Caller& caller)
{
    TAILOPS_CO_TRY(auto out, co_await ask(caller, "whoami", json::object()));
    const auto principal = pipeline_.admitted_now(caller.principal());
    const auto visible = pipeline_.visible_targets(principal);
    std::vector<const policy::TargetFacts*> facts;
    facts.reserve(visible.size());
    for (const auto& one : visible) facts.push_back(&one.target->spec.facts);
    out["policy"] = effective_policy(*pipeline_.world().get()->gate, principal, facts);
    co_return out;
}

Task<Result<json>> GatewayResources::command(Caller& caller, std::string name)
{
    TAILOPS_CO_TRY(const auto all, co_await ask(caller, "list_commands", json::object()));
    const auto* rows = find_member(all, "commands");
    if (!rows) co_return no_such_resource();
    const auto at = std::ranges::find_if(
        *rows, [&name](const json& one) { return text_member(one, "name") == name; });
    if (at == rows->end()) co_return no_such_resource();
    co_return *at;
}

Task<Result<json>> GatewayResources::output(Caller& caller, ResourceAddress address)
{
    json arguments{{"run", address.id},
                   {"stream", tools::to_string(address.stream)},
                   {"offset", address.offset}};
    TAILOPS_CO_TRY(auto page, co_await ask(caller, "read_output", std::move(arguments)));
    // An output has no page behind its end.
    const auto begins = optional_field<std::int64_t>(page, "offset");
    const auto asked = static_cast<std::int64_t>(address.offset);
    if (!begins || begins->value_or(0) != asked) co_return no_such_resource();
    const auto next = optional_field<std::int64_t>(page, "next_offset");
    if (next && *next) {
        page["next"] = output_page_uri(address, static_cast<std::uint64_t>(**next));
    }
    co_return page;
}

Following GatewayResources::following(const auth::Principal& admitted, std::string_view uri) const
{
    const auto address = parse_resource_address(uri);
    if (!address) return Following::hidden;
    const auto principal = pipeline_.admitted_now(admitted);
    if (!may_read(principal, address->kind)) return Following::hidden;
    switch (address->kind) {
    case Kind::me:
    case Kind::targets:
    case Kind::tools: return Following::allowed;
    case Kind::command:
        return pipeline_.can_see_command(principal, address->id) ? Following::allowed
                                                                 : Following::hidden;
    case Kind::target:
    case Kind::target_state:
        return pipeline_.can_see(principal, TargetId{address->id}) ? Following::allowed
                                                                   : Following::hidden;
    // They change with every call of the caller itself, this reading included.
    case Kind::audit:
    // A client that waits for a call has its task or its answer.
    case Kind::run:
    case Kind::output: return Following::never;
    }
    return Following::hidden;
}

}  // namespace tailops::service
