#include "gateway/core/text.hpp"
#include "gateway/tools/arguments.hpp"
#include "gateway/tools/families.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace tailops::tools {
namespace {

using nlohmann::json;

constexpr std::string_view no_input = R"json({
  "type": "object", "properties": {}, "additionalProperties": false
})json";

constexpr std::array rights = {Right{"gateway:read", Tier::observe}};
constexpr Annotations asking{
    .read_only = true, .destructive = false, .idempotent = true, .open_world = false};

constexpr std::string_view health_output = R"json({
  "type": "object",
  "properties": {
    "status": {"type": "string", "enum": ["healthy", "degraded"]},
    "reason": {"type": "string", "description": "Why it is degraded"},
    "version": {"type": "string"},
    "uptime": {"type": "integer", "description": "Seconds since the gateway started"},
    "targets": {
      "type": "object",
      "description": "How many of the targets that you may see are in which state",
      "properties": {
        "unknown": {"type": "integer"}, "reachable": {"type": "integer"},
        "unreachable": {"type": "integer"}, "unauthorized": {"type": "integer"}
      },
      "required": ["unknown", "reachable", "unreachable", "unauthorized"]
    },
    "timestamp": {"type": "string"}
  },
  "required": ["status", "version", "uptime", "targets", "timestamp"]
})json";

Result<json> answer_health(const json&, const GatewayView& view)
{
    using targets::Reach;
    json counts;
    for (const auto reach :
         {Reach::unknown, Reach::reachable, Reach::unreachable, Reach::unauthorized}) {
        counts[std::string{to_string(reach)}] = 0;
    }
    for (const auto& visible : view.targets()) {
        auto& count = counts[std::string{to_string(visible.state.reach)}];
        count = count.get<int>() + 1;
    }
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(view.now() - view.started());
    const auto trail = view.trail_health();
    json out{{"status", trail ? "healthy" : "degraded"},
             {"version", TAILOPS_VERSION},
             {"uptime", up.count()},
             {"targets", std::move(counts)},
             {"timestamp", rfc3339(view.now())}};
    if (!trail) out["reason"] = trail.error().public_message();
    return out;
}

constexpr std::string_view whoami_output = R"json({
  "type": "object",
  "properties": {
    "subject": {"type": "string"},
    "issuer": {"type": "string", "description": "Who vouches for the subject"},
    "name": {"type": "string"},
    "client": {"type": "string", "description": "The software that acts for you"},
    "actors": {"type": "array", "items": {"type": "string"},
               "description": "Who acts for you by delegation, nearest first; absent when you act yourself"},
    "method": {"type": "string", "description": "How the gateway came to believe it"},
    "roles": {"type": "array", "items": {"type": "string"}},
    "groups": {"type": "array", "items": {"type": "string"}},
    "scopes": {"type": "array", "items": {"type": "string"}, "description": "Of the token, when it brings any"},
    "capabilities": {"type": "array", "items": {"type": "string"}, "description": "What you may ask for at all"},
    "expires": {"type": "string", "description": "When the token does"}
  },
  "required": ["subject", "name", "method", "roles", "capabilities"]
})json";

json capability_names(const CapabilitySet& capabilities)
{
    json::array_t names;
    names.reserve(capabilities.size());
    for (const auto capability : capabilities) names.emplace_back(capability.text());
    return names;
}

Result<json> answer_whoami(const json&, const GatewayView& view)
{
    const auto& principal = view.principal();
    const auto& identity = principal.identity;
    auto out = json::object();
    out["subject"] = identity.subject.str();
    out["issuer"] = identity.issuer;
    out["name"] = identity.name;
    out["method"] = auth::to_string(identity.method);
    out["roles"] = principal.roles;
    out["capabilities"] = capability_names(principal.capabilities);
    if (!identity.client_id.empty()) out["client"] = identity.client_id;
    if (!identity.actors.empty()) out["actors"] = identity.actors;
    if (!identity.groups.empty()) out["groups"] = identity.groups;
    if (identity.scopes) out["scopes"] = *identity.scopes;
    if (identity.expires != TimePoint{} && identity.expires != auth::never) {
        out["expires"] = rfc3339(identity.expires);
    }
    return out;
}

constexpr std::string_view targets_input = R"json({
  "type": "object",
  "properties": {
    "tag": {"type": "string", "maxLength": 128, "description": "Only targets that bear this tag", "examples": ["web"]},
    "environment": {"type": "string", "maxLength": 128, "description": "Only targets of this environment",
                    "examples": ["production"]}
  },
  "additionalProperties": false
})json";

constexpr std::string_view targets_output = R"json({
  "type": "object",
  "properties": {
    "targets": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "id": {"type": "string", "description": "What other tools take as `target`"},
          "type": {"type": "string"},
          "description": {"type": "string"},
          "environment": {"type": "string"},
          "tags": {"type": "array", "items": {"type": "string"}},
          "capabilities": {"type": "array", "items": {"type": "string"}},
          "state": {
            "type": "object",
            "properties": {
              "status": {"type": "string", "enum": ["unknown", "reachable", "unreachable", "unauthorized"]},
              "reason": {"type": "string"},
              "since": {"type": "string"}
            },
            "required": ["status"]
          },
          "tools": {"type": "array", "items": {"type": "string"}, "description": "Those you may use there"}
        },
        "required": ["id", "type", "tags", "capabilities", "state", "tools"]
      }
    },
    "count": {"type": "integer"}
  },
  "required": ["targets", "count"]
})json";

json state_json(const targets::TargetState& state)
{
    json out{{"status", to_string(state.reach)}};
    if (!state.reason.empty()) out["reason"] = escaped_line(state.reason);
    if (state.since != TimePoint{}) out["since"] = rfc3339(state.since);
    return out;
}

json target_json(const GatewayView::VisibleTarget& visible)
{
    const auto& spec = visible.target->spec;
    json out{{"id", spec.facts.id.str()},
             {"type", to_string(spec.kind)},
             {"tags", spec.facts.tags},
             {"capabilities", capability_names(spec.facts.offers)},
             {"state", state_json(visible.state)},
             {"tools", visible.tools}};
    if (!spec.description.empty()) out["description"] = spec.description;
    if (!spec.facts.environment.empty()) out["environment"] = spec.facts.environment;
    return out;
}

Result<json> answer_targets(const json& arguments, const GatewayView& view)
{
    const auto tag = text_or(arguments, "tag", "");
    const auto environment = text_or(arguments, "environment", "");
    auto rows = json::array();
    for (const auto& visible : view.targets()) {
        const auto& facts = visible.target->spec.facts;
        if (!tag.empty() && !facts.tags.contains(tag)) continue;
        if (!environment.empty() && facts.environment != environment) continue;
        rows.push_back(target_json(visible));
    }
    const auto count = rows.size();
    return json{{"targets", std::move(rows)}, {"count", count}};
}

constexpr std::string_view commands_input = R"json({
  "type": "object",
  "properties": {
    "category": {"type": "string", "enum": ["system", "disk", "network", "process", "service", "docker", "custom"],
                 "description": "Only commands of this category"}
  },
  "additionalProperties": false
})json";

constexpr std::string_view commands_output = R"json({
  "type": "object",
  "properties": {
    "count": {"type": "integer"},
    "commands": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string", "description": "What execute_command takes as command_name"},
          "description": {"type": "string"},
          "category": {"type": "string"},
          "command": {"type": "string", "description": "The template"},
          "capability": {"type": "string"},
          "tier": {"type": "string", "enum": ["observe", "control", "admin"]},
          "dangerous": {"type": "boolean"},
          "requires_confirmation": {"type": "boolean"},
          "parameters": {
            "type": "object",
            "description": "By name; all of them are needed",
            "additionalProperties": {
              "type": "object",
              "properties": {
                "description": {"type": "string"},
                "type": {"type": "string", "enum": ["name", "path", "integer", "text"]},
                "pattern": {"type": "string"},
                "allowed_values": {"type": "array", "items": {"type": "string"}},
                "min": {"type": "integer"}, "max": {"type": "integer"}, "max_length": {"type": "integer"}
              },
              "required": ["type"]
            }
          },
          "example": {"type": "string"}
        },
        "required": ["name", "description", "category", "capability", "tier"]
      }
    }
  },
  "required": ["count", "commands"]
})json";

json parameter_json(const CommandParameter& parameter)
{
    using Type = CommandParameter::Type;
    json out{{"type", to_string(parameter.type)}};
    if (!parameter.description.empty()) out["description"] = parameter.description;
    if (!parameter.pattern.empty()) out["pattern"] = parameter.pattern;
    if (!parameter.allowed_values.empty()) out["allowed_values"] = parameter.allowed_values;
    if (parameter.type == Type::integer) {
        out["min"] = parameter.min;
        out["max"] = parameter.max;
    } else {
        out["max_length"] = parameter.max_length;
    }
    return out;
}

json command_json(const CatalogueCommand& command)
{
    json out{{"name", command.name},
             {"description", command.description},
             {"category", command.category},
             {"command", command.line},
             {"capability", command.capability.text()},
             {"tier", to_string(command.tier)}};
    if (command.dangerous) out["dangerous"] = true;
    if (command.requires_confirmation) out["requires_confirmation"] = true;
    if (!command.example.empty()) out["example"] = command.example;
    for (const auto& parameter : command.parameters) {
        out["parameters"][parameter.name] = parameter_json(parameter);
    }
    return out;
}

Result<json> answer_commands(const json& arguments, const GatewayView& view)
{
    const auto category = text_or(arguments, "category", "");
    auto rows = json::array();
    for (const auto* command : view.commands()) {
        if (!category.empty() && command->category != category) continue;
        rows.push_back(command_json(*command));
    }
    const auto count = rows.size();
    return json{{"count", count}, {"commands", std::move(rows)}};
}

}  // namespace

std::span<const Tool> gateway_tools()
{
    static constexpr std::array tools = {
        Tool{.name = "health_check",
             .title = "Gateway health",
             .summary =
                 "Whether the gateway itself is well, since when it runs, and how many targets "
                 "are in which state.",
             .input_schema = no_input,
             .output_schema = health_output,
             .rights = rights,
             .annotations = asking,
             .answer = answer_health},
        Tool{.name = "list_commands",
             .title = "Commands catalogue",
             .summary = "The commands you may run with execute_command, with their parameters.",
             .input_schema = commands_input,
             .output_schema = commands_output,
             .rights = rights,
             .annotations = asking,
             .answer = answer_commands,
             .has_long_lists = true},
        Tool{.name = "list_targets",
             .title = "Targets",
             .summary =
                 "The machines and APIs that you may work with, what each offers, its last known "
                 "state, and the tools you may use there. Call this first.",
             .input_schema = targets_input,
             .output_schema = targets_output,
             .rights = rights,
             .annotations = asking,
             .answer = answer_targets,
             .has_long_lists = true},
        Tool{.name = "whoami",
             .title = "Who am I",
             .summary = "Who the gateway believes you are, your roles, and what you may ask for.",
             .input_schema = no_input,
             .output_schema = whoami_output,
             .rights = rights,
             .annotations = asking,
             .answer = answer_whoami},
    };
    return tools;
}

}  // namespace tailops::tools
