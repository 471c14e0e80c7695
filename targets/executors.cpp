#include "targets/executors.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/bounded.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/docker/docker_executor.hpp"
#include "targets/http/http_executor.hpp"
#include "targets/local/local_executor.hpp"
#include "targets/ssh/ssh_executor.hpp"

namespace tailops::targets {
namespace {

/// The SSH executors of one registry, for those that jump through another. Weak, because a jump
/// must not keep alive what a reload dropped.
using JumpTable = std::map<TargetId, std::weak_ptr<SshExecutor>>;

struct Build {
    const ExecutorContext& context;
    std::shared_ptr<JumpTable> jumps;
};

/// Fetches `reference` anew at each call; empty when there is none. What is fetched is a secret
/// that nothing may show, also when its file was replaced a moment ago; `user` goes with it as
/// basic authentication sends it.
CredentialReader reader_of(const std::optional<CredentialReference>& reference,
                           const ExecutorContext& context,
                           const std::string& user = {})
{
    if (!reference) return {};
    return [reference = *reference, environment = context.environment, secrets = context.secrets,
            user]() -> Result<Secret> {
        TAILOPS_TRY(auto secret, resolve(reference, environment));
        if (secrets) learn(*secrets, secret, user);
        return secret;
    };
}

SshCredentials ssh_credentials(const SshConnection& connection, const Build& build)
{
    SshCredentials out;
    out.key = reader_of(connection.key, build.context);
    out.passphrase = reader_of(connection.passphrase, build.context);
    out.jump = [jumps = build.jumps](const TargetId& id) {
        const auto at = jumps->find(id);
        return at == jumps->end() ? nullptr : at->second.lock();
    };
    return out;
}

/// Every kind of executor there is: one line each.
Result<std::shared_ptr<Executor>> make_executor(const TargetSpec& spec, const Build& build)
{
    const auto& context = build.context;
    switch (spec.kind) {
    case Kind::local:
        return std::make_shared<LocalExecutor>(context.reaper ? context.reaper
                                                              : std::make_shared<Reaper>());
    case Kind::docker: return make_docker_executor(std::get<DockerConnection>(spec.connection));
    case Kind::http: {
        const auto& http = std::get<HttpConnection>(spec.connection);
        return make_http_executor(http, reader_of(http.credential, context, http.username));
    }
    case Kind::ssh: {
        const auto& ssh = std::get<SshConnection>(spec.connection);
        return make_ssh_executor(context.io, spec.facts.id, ssh, ssh_credentials(ssh, build),
                                 context.known_hosts_file);
    }
    }
    return fail(Errc::internal, "unknown kind of target");
}

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
                                             const Build& build)
{
    const auto old = kept_from(previous, spec);
    if (old && old->spec.limits == spec.limits) return old->executor;
    std::shared_ptr<Executor> inner;
    if (old) {
        inner = old->executor->inner();
    } else {
        auto made = make_executor(spec, build);
        if (!made) {
            return fail(Error{Errc::invalid_argument, "target " + quote(spec.facts.id.view()) +
                                                          ": " + made.error().public_message()}
                            .with_detail(made.error().detail()));
        }
        inner = *std::move(made);
    }
    return std::make_shared<Bounded>(spec.facts.id, spec.limits, std::move(inner),
                                     build.context.states, build.context.clock);
}

}  // namespace

Result<std::shared_ptr<const Registry>> make_registry(std::vector<TargetSpec> specs,
                                                      const Registry* previous,
                                                      const ExecutorContext& context)
{
    bind_jumps_to_their_hosts(specs);
    const Build build{context, std::make_shared<JumpTable>()};
    std::vector<std::shared_ptr<const Target>> targets;
    for (auto& spec : specs) {
        TAILOPS_TRY(auto executor, bounded_for(spec, previous, build));
        if (auto ssh = std::dynamic_pointer_cast<SshExecutor>(executor->inner())) {
            build.jumps->emplace(spec.facts.id, std::move(ssh));
        }
        targets.push_back(
            std::make_shared<const Target>(Target{std::move(spec), std::move(executor)}));
    }
    return std::make_shared<const Registry>(std::move(targets));
}

}  // namespace tailops::targets
