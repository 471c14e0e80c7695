#include "gateway/app/commands.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "policy/gate.hpp"
#include "targets/bounded.hpp"
#include "targets/executors.hpp"
#include "targets/kinds.hpp"
#include "targets/ssh/host_scan.hpp"
#include "targets/ssh/known_hosts.hpp"
#include "targets/ssh/ssh_executor.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace tailops::app {
namespace {

using namespace std::chrono_literals;

/// The configuration, its problems printed; empty when there are any.
std::optional<Configuration> load_or_complain(const std::string& config_file)
{
    yaml::Problems problems;
    auto configuration = load_configuration(config_file, process_environment(), problems);
    if (problems.empty()) return configuration;
    std::fputs(problems.render().c_str(), stderr);
    return std::nullopt;
}

const targets::TargetSpec* find_or_complain(const Configuration& configuration,
                                            const std::string& id)
{
    std::vector<std::string_view> names;
    for (const auto& spec : configuration.targets.targets) {
        if (spec.facts.id.view() == id) return &spec;
        names.push_back(spec.facts.id.view());
    }
    complain("there is no target " + quote(id) + did_you_mean(id, names), exit_usage);
    return nullptr;
}

std::string address_of(const targets::TargetSpec& spec)
{
    return targets::descriptor_of(spec.connection).address(spec.connection);
}

targets::ExecutorContext context_of(const Configuration& configuration,
                                    Runtime& runtime,
                                    targets::StateBoard& states,
                                    const Clock& clock)
{
    return {.io = runtime.io.get_executor(),
            .environment = process_environment(),
            .known_hosts_file = StatePaths{configuration.settings.state_dir}.known_hosts(),
            .states = states,
            .clock = clock};
}

/// A permit to ask one target whether it can be reached: what the built-in rule of every gate
/// allows.
Result<policy::Permit> probe_permit(const targets::TargetSpec& spec)
{
    const policy::Gate gate{policy::Policy{}};
    auth::Identity operator_here;
    operator_here.subject = SubjectId{"operator"};
    operator_here.expires = TimePoint::max();
    policy::AccessRequest request;
    request.principal = gate.admit(std::move(operator_here));
    request.tool = ToolName{"test_target"};
    request.action = gateway_read();
    request.tier = Tier::observe;
    request.target = spec.facts;
    request.now = std::chrono::system_clock::now();
    auto [decision, permit] = gate.decide(request);
    if (!permit) return fail(Errc::denied, decision.why);
    return *std::move(permit);
}

Task<Result<targets::ExecutionResult>> probe(const targets::ExecutorContext& context,
                                             const Configuration& configuration,
                                             const targets::TargetSpec& spec)
{
    TAILOPS_CO_TRY(const auto registry,
                   targets::make_registry(configuration.targets.targets, nullptr, context));
    TAILOPS_CO_TRY(auto permit, probe_permit(spec));
    const auto target = registry->find(spec.facts.id);
    co_return co_await target->executor->run(std::move(permit), targets::Probe{});
}

/// Asks the target's host for its key, by way of the jump host that the target is configured with.
Task<Result<targets::ssh::ScannedHostKey>> scan_host_key(const targets::ExecutorContext& context,
                                                         const Configuration& configuration,
                                                         const targets::TargetSpec& spec,
                                                         Deadline deadline)
{
    TAILOPS_CO_TRY(const auto registry,
                   targets::make_registry(configuration.targets.targets, nullptr, context));
    const auto target = registry->find(spec.facts.id);
    const auto ssh = std::dynamic_pointer_cast<targets::SshExecutor>(target->executor->inner());
    if (!ssh) co_return fail(Errc::internal, "the target has no SSH executor");
    co_return co_await ssh->scan_host_key(deadline);
}

/// The fingerprints that are remembered for the target's host. Errors: internal.
Result<std::vector<std::string>> known_keys(const std::string& file,
                                            const targets::SshConnection& connection)
{
    TAILOPS_TRY(const auto hosts, targets::ssh::KnownHosts::read(file));
    return hosts.fingerprints(connection.host, connection.port);
}

bool confirmed()
{
    std::fputs("Is this the key that the machine really has? Type yes to remember it: ", stderr);
    std::string typed;
    return std::getline(std::cin, typed) && trim(typed) == "yes";
}

}  // namespace

int targets_list(const std::string& config_file)
{
    const auto configuration = load_or_complain(config_file);
    if (!configuration) return exit_usage;
    std::string list;
    for (const auto& spec : configuration->targets.targets) {
        const std::vector<std::string> tags{spec.facts.tags.begin(), spec.facts.tags.end()};
        list += spec.facts.id.str() + "  " + std::string{targets::to_string(spec.kind)} + "  " +
                address_of(spec) + "  [" + join(tags, " ") + "]\n";
    }
    return answer(list, exit_ok);
}

int targets_test(const std::string& config_file, const std::string& id)
{
    const auto configuration = load_or_complain(config_file);
    if (!configuration) return exit_usage;
    const auto* spec = find_or_complain(*configuration, id);
    if (!spec) return exit_usage;
    // Before the runtime: what still waits there when it goes refers to them.
    targets::StateBoard states;
    const Clock clock;
    Runtime runtime{1, 1};
    const auto context = context_of(*configuration, runtime, states, clock);
    const auto result =
        run_task_on<targets::ExecutionResult>(runtime, probe(context, *configuration, *spec));
    if (!result) return complain(result.error(), exit_failed);
    return answer(id + ": reachable, " + std::to_string(result->elapsed.count()) + " ms\n",
                  exit_ok);
}

int targets_trust(const TrustOptions& options)
{
    const auto configuration = load_or_complain(options.config_file);
    if (!configuration) return exit_usage;
    const auto* spec = find_or_complain(*configuration, options.target);
    if (!spec) return exit_usage;
    const auto* ssh = std::get_if<targets::SshConnection>(&spec->connection);
    if (!ssh) return complain("only an ssh target has a host key to trust", exit_usage);
    const StatePaths paths{configuration->settings.state_dir};
    if (auto ours = become_state_owner(paths); !ours) return complain(ours.error(), exit_failed);
    // Before the runtime: what still waits there when it goes refers to them.
    targets::StateBoard states;
    const Clock clock;
    Runtime runtime{1, 1};
    const auto context = context_of(*configuration, runtime, states, clock);
    const auto key = run_task_on<targets::ssh::ScannedHostKey>(
        runtime, scan_host_key(context, *configuration, *spec, after(ssh->connect_timeout)));
    if (!key) return complain(key.error(), exit_failed);
    std::fprintf(stderr, "%s shows the key\n  %s %s\n", options.target.c_str(), key->type.c_str(),
                 key->fingerprint.c_str());
    const auto known = known_keys(paths.known_hosts(), *ssh);
    if (!known) return complain(known.error(), exit_failed);
    const bool is_other =
        !known->empty() && std::ranges::find(*known, key->fingerprint) == known->end();
    if (is_other) {
        std::fprintf(stderr,
                     "It is ANOTHER key than the one remembered:\n  %s\n"
                     "This is what an attack looks like, and a machine that was set up anew.\n",
                     join(*known, "\n  ").c_str());
    }
    if (is_other && options.yes && !options.replace) {
        return complain("--yes does not replace a key that is remembered; --replace does",
                        exit_failed);
    }
    if (!options.yes && !confirmed()) return complain("nothing was changed", exit_failed);
    if (auto kept = targets::ssh::trust(paths.known_hosts(), ssh->host, ssh->port, *key); !kept) {
        return complain(kept.error(), exit_failed);
    }
    return answer("remembered " + key->line + '\n', exit_ok);
}

}  // namespace tailops::app
