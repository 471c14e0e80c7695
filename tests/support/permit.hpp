#pragma once

#include "policy/gate.hpp"

#include <utility>

namespace tailops::testing {

/// Makes permits for one target, each from a real gate with one permissive rule: there is no other
/// way to one.
class PermitMaker {
public:
    explicit PermitMaker(TargetId target, policy::Obligations obligations = {})
        : gate_{permissive(obligations)}
    {
        const Capability action{"system", "admin"};
        request_.principal.identity.subject = SubjectId{"tester"};
        request_.principal.identity.expires = TimePoint::max();
        request_.principal.capabilities = {action};
        request_.tool = ToolName{"any"};
        request_.action = action;
        request_.tier = Tier::admin;
        request_.target.id = std::move(target);
        request_.target.offers = {action};
    }
    policy::Permit make() const { return std::move(gate_.decide(request_).permit).value(); }

private:
    static policy::Policy permissive(policy::Obligations obligations)
    {
        policy::Rule rule;
        rule.id = RuleId{"allow-everything"};
        rule.effect = policy::Effect::allow;
        rule.at_most = Tier::admin;
        rule.obligations = obligations;
        policy::Policy everything;
        everything.rules.push_back(std::move(rule));
        return everything;
    }

    policy::Gate gate_;
    policy::AccessRequest request_;
};

/// One such permit.
inline policy::Permit any_permit(TargetId target, policy::Obligations obligations = {})
{
    return PermitMaker{std::move(target), obligations}.make();
}

}  // namespace tailops::testing
