#include "gateway/call/refusal.hpp"

namespace tailops::call {
namespace {

/// The scope that the call lacks, then those of ours that the token has: a client that asks for
/// these alone must not lose what it could do (MCP 2025-11-25, basic/authorization, Scope Challenge
/// Handling).
std::string scopes_to_ask_for(const policy::AccessRequest& request)
{
    std::string out{request.action.text()};
    const auto of_everyone = expand_scopes({});
    for (const auto& scope : *request.principal.identity.scopes) {
        if (expand_scopes({scope}) != of_everyone) out += ' ' + scope;
    }
    return out;
}

}  // namespace

Error refusal(const policy::AccessRequest& request, const policy::Decision& decision)
{
    if (decision.effect == policy::Effect::require_approval) {
        return Error{Errc::approval_required, "approval required: " + decision.why};
    }
    const bool scoped = request.principal.identity.scopes.has_value();
    if (scoped && !request.principal.capabilities.contains(request.action)) {
        return Error{Errc::insufficient_scope, decision.why}.with_detail(
            scopes_to_ask_for(request));
    }
    return Error{Errc::denied, decision.why};
}

}  // namespace tailops::call
