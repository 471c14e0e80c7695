#include "gateway/call/turn.hpp"

#include "gateway/call/refusal.hpp"

namespace tailops::call {
namespace {

Error changed_meanwhile(const std::string& what)
{
    return Error{Errc::unavailable, what + " while the call waited; nothing was done, call again"};
}

/// Whether the rights of now are less than those that were granted.
bool is_stricter(const policy::Obligations& now, const policy::Obligations& granted)
{
    return (now.dry_run && !granted.dry_run) || now.timeout < granted.timeout ||
           now.output_limit_bytes < granted.output_limit_bytes;
}

}  // namespace

Status check_again(const World& now,
                   const Prepared& prepared,
                   const policy::AccessRequest& request,
                   const policy::Obligations& granted)
{
    const auto target = now.registry->find(request.target.id);
    if (!target) {
        return fail(Errc::not_found,
                    "the target was removed while the call waited; nothing was done");
    }
    if (target->spec.connection_digest != prepared.target->spec.connection_digest) {
        return fail(changed_meanwhile("the target has got another connection"));
    }
    auto again = request;
    again.principal = now.gate->admit(request.principal.identity);
    again.target = target->spec.facts;
    const auto [decision, permit] = now.gate->decide(again);
    if (!permit) return fail(Error{refusal(again, decision)});
    // A rule that goes by what a word means holds for a call whose word nobody had to look up.
    for (const auto& naming : prepared.plan.namings) {
        if (!naming.is_found_out && now.gate->permit_to_look_up(again, naming.parameter)) {
            return fail(changed_meanwhile("a rule about " + naming.kind + " names has come"));
        }
    }
    if (is_stricter(permit->obligations(), granted)) {
        return fail(changed_meanwhile("its rule has got stricter obligations"));
    }
    return {};
}

}  // namespace tailops::call
