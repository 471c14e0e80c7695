#pragma once

#include "policy/gate.hpp"

#include <utility>

namespace tailops::testing {

/// A permit for `target` from a real gate with one permissive rule: there is no other way to one.
inline policy::Permit any_permit(TargetId target, policy::Obligations obligations = {})
{
    const Capability action{"system", "admin"};
    policy::Rule rule;
    rule.id = RuleId{"allow-everything"};
    rule.effect = policy::Effect::allow;
    rule.at_most = Tier::admin;
    rule.obligations = obligations;
    policy::Policy everything;
    everything.rules.push_back(std::move(rule));
    const policy::Gate gate{std::move(everything)};

    policy::AccessRequest request;
    request.principal.identity.subject = SubjectId{"tester"};
    request.principal.identity.expires = TimePoint::max();
    request.principal.capabilities = {action};
    request.tool = ToolName{"any"};
    request.action = action;
    request.tier = Tier::admin;
    request.target.id = std::move(target);
    request.target.offers = {action};
    return std::move(gate.decide(request).permit).value();
}

}  // namespace tailops::testing
