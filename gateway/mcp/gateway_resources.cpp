#include "gateway/mcp/gateway_resources.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

using nlohmann::json;

constexpr std::string_view scheme = "tailops://";
constexpr std::string_view json_type = "application/json";

/// "tailops://targets/web-01/state" as {"targets", "web-01", "state"}; empty when it is none of
/// ours. Ids are plain (targets.yaml allows no slash), so nothing is to be decoded.
std::vector<std::string_view> path_of(std::string_view uri)
{
    if (!uri.starts_with(scheme)) return {};
    return split(uri.substr(scheme.size()), '/');
}

std::unexpected<Error> no_such_resource()
{
    return fail(Errc::not_found, "resource not found");
}

json tool_rows(const std::vector<const tools::Tool*>& visible)
{
    auto rows = json::array();
    for (const auto* tool : visible) {
        auto rights = json::array();
        for (const auto& right : tool->rights) {
            rights.push_back({{"capability", right.capability}, {"tier", to_string(right.tier)}});
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

std::vector<std::string> uris_of_target(const TargetId& id)
{
    const auto base = std::string{scheme} + "targets/" + id.str();
    return {std::string{scheme} + "targets", base, base + "/state"};
}

std::vector<ResourceListing> GatewayResources::list(const auth::Principal& principal) const
{
    std::vector<ResourceListing> out{
        row("tailops://audit", "audit", "Your records", "What the audit trail holds of your calls"),
        row("tailops://me", "me", "You", "Who the gateway believes you are and what you may do"),
        row("tailops://targets", "targets", "Targets", "The targets that you may see"),
        row("tailops://tools", "tools", "Tools", "The tools that you may use, and their rights")};
    for (const auto& visible : pipeline_.visible_targets(principal)) {
        const auto& id = visible.target->spec.facts.id.str();
        out.push_back(row("tailops://targets/" + id, id, "Target " + id,
                          "What " + id + " offers, and its last known state"));
    }
    return out;
}

std::vector<ResourceListing> GatewayResources::templates()
{
    return {row("tailops://runs/{id}", "run", "A call", "How a call of yours stands, or ended"),
            row("tailops://runs/{id}/{stream}", "output", "A call's output",
                "What a call of yours wrote; stream is stdout or stderr"),
            row("tailops://targets/{id}", "target", "A target", "What it offers, and its state"),
            row("tailops://targets/{id}/state", "state", "A target's state",
                "Whether it could be reached, and since when")};
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
    const auto path = path_of(uri);
    if (path.empty()) co_return no_such_resource();
    const auto kind = path.front();
    if (path.size() == 1) {
        if (kind == "me") co_return co_await ask(caller, "whoami", json::object());
        if (kind == "targets") co_return co_await ask(caller, "list_targets", json::object());
        if (kind == "tools") co_return tool_rows(pipeline_.visible_tools(caller.principal()));
        if (kind == "audit") co_return co_await own_records_(caller.principal());
    }
    if (kind == "targets" && path.size() == 2) {
        co_return co_await target(caller, std::string{path[1]}, false);
    }
    if (kind == "targets" && path.size() == 3 && path[2] == "state") {
        co_return co_await target(caller, std::string{path[1]}, true);
    }
    if (kind == "runs" && path.size() == 2) {
        json arguments{{"run_id", path[1]}};
        co_return co_await ask(caller, "get_run", std::move(arguments));
    }
    if (kind == "runs" && path.size() == 3) {
        json arguments{{"run", path[1]}, {"stream", path[2]}};
        co_return co_await ask(caller, "read_output", std::move(arguments));
    }
    co_return no_such_resource();
}

Task<Result<json>> GatewayResources::ask(Caller& caller, std::string tool, json arguments)
{
    call::Invocation call{.id = caller.request(),
                          .principal = caller.principal(),
                          .tool = std::move(tool),
                          .arguments = std::make_shared<const json>(std::move(arguments))};
    auto answer = co_await pipeline_.run(std::move(call));
    if (!answer) co_return fail(std::move(answer).error());
    co_return *answer->content;
}

Task<Result<json>> GatewayResources::target(Caller& caller, std::string id, bool only_state)
{
    TAILOPS_CO_TRY(const auto all, co_await ask(caller, "list_targets", json::object()));
    const auto* rows = find_member(all, "targets");
    if (!rows) co_return no_such_resource();
    const auto at = std::ranges::find_if(
        *rows, [&id](const json& one) { return text_member(one, "id") == id; });
    if (at == rows->end()) co_return no_such_resource();
    if (!only_state) co_return *at;
    const auto* state = find_member(*at, "state");
    co_return state ? *state : *at;
}

bool GatewayResources::may_follow(const auth::Principal& principal, std::string_view uri) const
{
    const auto path = path_of(uri);
    if (path.size() == 1) return path.front() == "targets";
    const bool is_target = path.size() >= 2 && path.size() <= 3 && path.front() == "targets" &&
                           (path.size() == 2 || path[2] == "state");
    return is_target && pipeline_.can_see(principal, TargetId{std::string{path[1]}});
}

}  // namespace tailops::mcp
