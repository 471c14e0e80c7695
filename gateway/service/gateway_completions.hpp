#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/core/age_clock.hpp"
#include "gateway/service/service.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::service {

/// `candidates` that go with `typed`, best first: equal, then beginning with it, then containing
/// it, then holding its letters in their order; each in the order of the alphabet. Case does not
/// count.
std::vector<std::string> ranked(std::vector<std::string> candidates, std::string_view typed);

/// What may stand for an argument of a prompt or a resource template: targets, containers, services
/// of a target that is chosen, commands, the caller's own runs. Never what the principal may not
/// see. Safe from any strand.
class GatewayCompletions {
public:
    /// Counts a call of the principal; an error keeps it from being made.
    using MayCall = std::function<Status(const auth::Principal&)>;

    GatewayCompletions(call::Pipeline& pipeline, AgeClock ages, MayCall may_call)
        : pipeline_{pipeline},
          ages_{std::move(ages)},
          may_call_{std::move(may_call)}
    {
    }

    /// Errors: not_found (no such prompt or template, or no such argument).
    Task<Result<Completion>> complete(Caller& caller, CompletionQuery query);

private:
    Task<std::vector<std::string>> candidates(Caller& caller, CompletionQuery query);
    std::vector<std::string> known_names(const auth::Principal&, const CompletionQuery&) const;
    Task<std::vector<std::string>> containers_anywhere(Caller& caller);
    Task<std::vector<std::string>> containers(Caller& caller,
                                              RequestId request,
                                              std::string target);
    /// The services that run on `target`, as far as the catalogue's command lists them.
    Task<std::vector<std::string>> services(Caller& caller, std::string target);

    struct Source;
    /// Asked for at most every few seconds by those of the same rights.
    Task<std::vector<std::string>> names_of(Caller& caller, Source source);

    struct Names {
        TimePoint asked;  // by `ages_`
        std::vector<std::string> names;
    };
    call::Pipeline& pipeline_;
    const AgeClock ages_;
    const MayCall may_call_;
    std::mutex mutex_;
    std::map<std::string, Names, std::less<>> lists_;  // by rights, policy and call
};

}  // namespace tailops::service
