#include "gateway/call/naming.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

namespace tailops::call {
namespace {

/// Whether a rule denies the call by the caller's own word for the thing: what else it is called
/// could not undo that.
bool is_denied_by_word(const policy::Gate& gate, const policy::AccessRequest& request)
{
    const auto decision = gate.decide(request).decision;
    return decision.effect == policy::Effect::deny && decision.rule;
}

Error nameless(const tools::Naming& naming)
{
    return Error{Errc::not_found,
                 "no " + naming.kind + ' ' + quote(naming.word) + " on this target"}
        .with_nothing_begun();
}

}  // namespace

Task<Result<Meaning>> find_meaning(const policy::Gate& gate,
                                   targets::Executor& target,
                                   tools::Plan& plan,
                                   policy::AccessRequest& request)
{
    Meaning meaning;
    for (auto& naming : plan.namings) {
        if (is_denied_by_word(gate, request)) break;
        auto permit = gate.permit_to_look_up(request, naming.parameter);
        if (!permit) continue;
        auto question = std::move(naming.question);
        const auto answer = co_await target.run(*std::move(permit), std::move(question));
        if (!answer) {
            co_return fail(Error{answer.error().code(),
                                 "what " + quote(naming.word) +
                                     " is cannot be found out: " + answer.error().public_message()}
                               .because(answer.error())
                               .with_nothing_begun());
        }
        TAILOPS_CO_TRY(auto named, naming.read(*answer));
        if (!named) {
            meaning.missing = nameless(naming);
            continue;
        }
        if (named->name != naming.word) {
            meaning.told += (meaning.told.empty() ? "" : ", ") + quote(naming.word) + " is " +
                            naming.kind + ' ' + quote(named->name);
        }
        naming.act_on(plan.operation, named->exact);
        naming.is_found_out = true;
        request.parameters.insert_or_assign(naming.parameter, policy::Value{named->name});
        request.aliases.insert_or_assign(naming.parameter, std::move(named->aliases));
    }
    co_return meaning;
}

}  // namespace tailops::call
