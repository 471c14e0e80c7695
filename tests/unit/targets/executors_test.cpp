#include "targets/executors.hpp"

#include "targets/bounded.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

namespace tailops::targets {
namespace {

using ssh::Rig;
using testing::OpenSshServer;
using namespace std::chrono_literals;

TargetSpec spec_of(const Rig& rig)
{
    TargetSpec spec;
    spec.facts.id = rig.setup.id;
    spec.kind = Kind::ssh;
    spec.connection = rig.setup.connection;
    spec.connection_digest =
        rig.setup.connection.host + ' ' + std::to_string(rig.setup.connection.port);
    return spec;
}

/// A gate and a host behind it, which is not logged in to before the reload.
struct Reload {
    OpenSshServer gate_server;
    OpenSshServer inner_server;
    Rig gate{gate_server, "gate"};
    Rig inner{inner_server, "inner"};
    StateBoard states;
    Clock clock;

    Reload()
    {
        gate.trust(inner_server);  // one file of known hosts serves all targets
        inner.setup.connection.jump = TargetId{"gate"};
    }
    ExecutorContext context(Runtime& runtime)
    {
        return {.io = runtime.io.get_executor(),
                .environment = {},
                .known_hosts_file = gate.setup.known_hosts_file,
                .states = states,
                .clock = clock};
    }
    std::shared_ptr<const Registry> load(Runtime& runtime,
                                         const Registry* previous,
                                         const TargetSpec& gate_spec)
    {
        const std::vector<TargetSpec> specs{gate_spec, spec_of(inner)};
        return make_registry(specs, previous, context(runtime)).value();
    }
};

TEST(Registry, JumpsThroughAHostWhoseLimitsAReloadChanged)
{
    Reload reload;
    const auto result = testing::run([&](Runtime& runtime) -> Task<Result<ExecutionResult>> {
        auto gate = spec_of(reload.gate);
        auto registry = reload.load(runtime, nullptr, gate);
        gate.limits.timeout = 20s;
        registry = reload.load(runtime, registry.get(), gate);
        const auto inner = registry->find(TargetId{"inner"})->executor;
        auto permit = testing::any_permit(TargetId{"inner"});
        co_return co_await inner->run(std::move(permit), Operation{Probe{}});
    });
    EXPECT_EQ(ssh::why(result), "");
}

TEST(Registry, KeepsTheConnectionOfATargetWhoseLimitsChanged)
{
    Reload reload;
    Runtime runtime{1, 1};
    const auto gate = spec_of(reload.gate);
    const auto first = reload.load(runtime, nullptr, gate);
    const auto executor_in = [](const auto& registry) {
        return registry->find(TargetId{"gate"})->executor;
    };

    const auto same = reload.load(runtime, first.get(), gate);
    EXPECT_EQ(executor_in(same), executor_in(first));

    auto narrower = gate;
    narrower.limits.concurrency = 1;
    const auto limited = reload.load(runtime, first.get(), narrower);
    EXPECT_NE(executor_in(limited), executor_in(first));
    EXPECT_EQ(executor_in(limited)->inner(), executor_in(first)->inner());

    auto moved = gate;
    moved.connection_digest += " elsewhere";
    const auto other = reload.load(runtime, first.get(), moved);
    EXPECT_NE(executor_in(other)->inner(), executor_in(first)->inner());
}

}  // namespace
}  // namespace tailops::targets
