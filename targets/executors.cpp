#include "targets/executors.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/bounded.hpp"
#include "targets/kinds.hpp"

namespace tailops::targets {
namespace {

/// A connection through a jump host depends on the host's connection too.
void bind_jumps_to_their_hosts(std::vector<TargetSpec>& specs)
{
    std::map<TargetId, std::string> digests;
    for (const auto& spec : specs) digests[spec.facts.id] = spec.connection_digest;
    for (auto& spec : specs) {
        const auto* ssh = std::get_if<SshConnection>(&spec.connection);
        if (ssh && ssh->jump) spec.connection_digest += digests[*ssh->jump];
    }
}

/// What `previous` has for a target that is reached as before; null otherwise.
std::shared_ptr<const Target> kept_from(const Registry* previous, const TargetSpec& spec)
{
    const auto old = previous ? previous->find(spec.facts.id) : nullptr;
    return old && old->spec.connection_digest == spec.connection_digest ? old : nullptr;
}

/// The executor of one target. The connection is taken over where it is the same, also under other
/// limits: targets that jump through this one hold on to it.
Result<std::shared_ptr<Bounded>> bounded_for(const TargetSpec& spec,
                                             const Registry* previous,
                                             const ExecutorParts& parts)
{
    const auto old = kept_from(previous, spec);
    if (old && old->spec.limits == spec.limits) return old->executor;
    std::shared_ptr<Executor> inner;
    if (old) {
        inner = old->executor->inner();
    } else {
        auto made = descriptor_of(spec.kind).make(spec, parts);
        if (!made) {
            return fail(Error{Errc::invalid_argument, "target " + quote(spec.facts.id.view()) +
                                                          ": " + made.error().public_message()}
                            .with_detail(made.error().detail()));
        }
        inner = *std::move(made);
    }
    return std::make_shared<Bounded>(spec.facts.id, spec.limits, std::move(inner),
                                     parts.context.states, parts.context.clock);
}

}  // namespace

Result<std::shared_ptr<const Registry>> make_registry(std::vector<TargetSpec> specs,
                                                      const Registry* previous,
                                                      const ExecutorContext& context)
{
    bind_jumps_to_their_hosts(specs);
    const ExecutorParts parts{context,
                              std::make_shared<std::map<TargetId, std::weak_ptr<Executor>>>()};
    std::vector<std::shared_ptr<const Target>> targets;
    for (auto& spec : specs) {
        TAILOPS_TRY(auto executor, bounded_for(spec, previous, parts));
        parts.made->emplace(spec.facts.id, executor->inner());
        targets.push_back(
            std::make_shared<const Target>(Target{std::move(spec), std::move(executor)}));
    }
    return std::make_shared<const Registry>(std::move(targets));
}

}  // namespace tailops::targets
