#pragma once

#include "policy/gate.hpp"

/// The question that most tests of the gate start from, and the plain rules that answer it.
namespace tailops::policy::testing {

using namespace std::chrono_literals;

inline const TimePoint noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h;
inline const Capability container_read{"container", "read"};
inline const Capability container_write{"container", "write"};
inline const Capability system_read{"system", "read"};

inline auth::Identity alice()
{
    auth::Identity identity;
    identity.subject = SubjectId{"u-1"};
    identity.issuer = "https://idp.example";
    identity.name = "alice@example.com";
    identity.client_id = "claude";
    identity.groups = {"ops"};
    identity.expires = noon + 1h;
    return identity;
}

/// Alice, an operator, restarts container "web" on web-01: control tier, in her rights, offered.
inline AccessRequest ask()
{
    AccessRequest request;
    request.principal.identity = alice();
    request.principal.identity.actors = {"agent"};
    request.principal.roles = {"operator"};
    request.principal.capabilities = {container_read, container_write, system_read, gateway_read()};
    request.tool = ToolName{"manage_container"};
    request.action = container_write;
    request.tier = Tier::control;
    request.target.id = TargetId{"web-01"};
    request.target.tags = {"web", "docker"};
    request.target.environment = "production";
    request.target.offers = {container_read, container_write};
    request.parameters = {{"name", Value{"web"}}, {"action", Value{"restart"}}};
    request.now = noon;
    return request;
}

/// A rule about nothing in particular, up to tier control.
inline Rule rule(std::string id, Effect effect)
{
    Rule out;
    out.id = RuleId{std::move(id)};
    out.effect = effect;
    out.at_most = Tier::control;
    return out;
}

inline Policy policy_of(std::vector<Rule> rules)
{
    Policy policy;
    policy.rules = std::move(rules);
    policy.version = "v";
    return policy;
}

}  // namespace tailops::policy::testing
