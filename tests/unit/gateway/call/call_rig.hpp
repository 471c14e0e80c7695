#pragma once

#include "gateway/call/pipeline.hpp"
#include "policy/gate.hpp"
#include "targets/bounded.hpp"
#include "targets/local/local_executor.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/gateway/call/fake_trail.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <signal.h>

#include <algorithm>
#include <string_view>

namespace tailops::call {

/// A pipeline before a local target of this machine and the commands of a catalogue. Alice may do
/// everything up to tier control there, and so may anna; mallory nothing.
class CallRig {
public:
    explicit CallRig(const char* catalogue)
    {
        ::signal(SIGPIPE, SIG_IGN);
        targets::TargetSpec spec;
        spec.facts.id = TargetId{"local"};
        spec.facts.offers = expand_scopes({"system:write", "file:read"});
        spec.file_roots = {"/etc"};
        spec.limits.timeout = std::chrono::seconds{150};  // below what ends a test
        auto bounded = std::make_shared<targets::Bounded>(
            spec.facts.id, spec.limits, std::make_shared<targets::LocalExecutor>(), states, clock);
        auto target = std::make_shared<const targets::Target>(targets::Target{spec, bounded});
        yaml::Problems problems;
        auto made = std::make_shared<World>();
        made->gate = gate_of({"alice", "anna"});
        made->registry = std::make_shared<const targets::Registry>(
            std::vector<std::shared_ptr<const targets::Target>>{target});
        made->commands = std::make_shared<const tools::CommandCatalogue>(
            tools::CommandCatalogue::read(catalogue, "commands.yaml", problems));
        made->secrets = std::make_shared<const SecretRegistry>();
        if (!problems.empty()) throw std::runtime_error{problems.render()};
        world = std::make_unique<CurrentWorld>(std::move(made));
        start(nullptr);
    }

    static std::shared_ptr<const policy::Gate> gate_of(
        std::set<std::string> subjects, policy::Effect effect = policy::Effect::allow)
    {
        policy::Rule allow;
        allow.id = RuleId{"allow"};
        allow.effect = effect;
        allow.at_most = Tier::control;
        allow.obligations.timeout = std::chrono::seconds{150};
        allow.principals.subjects = std::move(subjects);
        policy::Policy policy;
        policy.rules.push_back(allow);
        return std::make_shared<const policy::Gate>(std::move(policy));
    }

    /// As a reload of the policy does.
    void swap_gate(std::shared_ptr<const policy::Gate> gate)
    {
        auto next = std::make_shared<World>(*world->get());
        next->gate = std::move(gate);
        world->swap(std::move(next));
    }

    /// Begins again with this spool, as a daemon that starts does.
    void start(std::shared_ptr<runs::Spool> spool)
    {
        runs = std::make_unique<runs::Runs>(std::move(spool));
        pipeline = std::make_unique<Pipeline>(PipelineParts{
            .world = *world, .trail = trail, .states = states, .clock = clock, .runs = *runs});
    }

    Invocation invocation(const std::string& tool,
                          nlohmann::json arguments,
                          const std::string& subject = "alice",
                          const std::string& id = "r1")
    {
        Invocation call;
        call.id = RequestId{id};
        call.principal = principal(subject);
        call.tool = tool;
        call.arguments = std::make_shared<const nlohmann::json>(std::move(arguments));
        return call;
    }

    auth::Principal principal(const std::string& subject)
    {
        auth::Identity identity;
        identity.subject = SubjectId{subject};
        identity.name = subject;
        identity.scopes = {"admin"};
        identity.expires = TimePoint::max();
        return world->get()->gate->admit(std::move(identity));
    }

    /// Runs a coroutine of `make_task` to its end, on the rig's own runtime: threads of its
    /// blocking pool touch the strands of its `io` until they are joined.
    template <class T, class F>
    T run_task(F make_task)
    {
        std::optional<T> value;
        boost::asio::co_spawn(boost::asio::make_strand(runtime->io), make_task,
                              [&value](std::exception_ptr thrown, T got) {
                                  if (thrown) std::rethrow_exception(thrown);
                                  value.emplace(std::move(got));
                              });
        runtime->io.restart();
        runtime->io.run();
        return *std::move(value);
    }

    Result<Answer> run(Invocation call)
    {
        return run_task<Result<Answer>>(
            [&]() -> Task<Result<Answer>> { co_return co_await pipeline->run(std::move(call)); });
    }

    Result<Answer> command(const std::string& name,
                           const std::string& subject = "alice",
                           const std::string& id = "r1")
    {
        return run(invocation("execute_command", {{"target", "local"}, {"command_name", name}},
                              subject, id));
    }

    /// Whether alice is shown the tool.
    bool sees(std::string_view tool)
    {
        return std::ranges::any_of(pipeline->visible_tools(principal("alice")),
                                   [&](const auto& shown) { return shown->name == tool; });
    }

    /// Ends what runs and waits in the blocking pool, as a daemon that stops does.
    void stop()
    {
        runtime->blocking.join();
        start(nullptr);
        runtime = std::make_unique<Runtime>(1, 2);
    }

    FakeTrail trail;
    targets::StateBoard states;
    Clock clock;
    std::unique_ptr<Runtime> runtime{std::make_unique<Runtime>(1, 2)};
    std::unique_ptr<CurrentWorld> world;
    std::unique_ptr<runs::Runs> runs;
    std::unique_ptr<Pipeline> pipeline;
};

}  // namespace tailops::call
