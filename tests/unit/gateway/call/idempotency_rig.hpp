#pragma once

#include "gateway/call/idempotency.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "policy/gate.hpp"
#include "targets/bounded.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/gateway/call/fake_trail.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <set>

namespace tailops::call {

/// Counts what reaches the target and answers as told.
class FakeExecutor final : public targets::Executor {
public:
    std::set<targets::Facet> facets() const override { return {targets::Facet::shell}; }
    Task<Result<targets::ExecutionResult>> run(policy::Permit permit, targets::Operation) override
    {
        ++asked;
        co_await wait_while(is_queued);
        TAILOPS_CO_CHECK(permit.commitment().begin());
        ++runs;
        co_await wait_while(is_held);
        if (before_end) before_end();
        co_return answer;
    }

    std::atomic<int> asked{0};  // calls that came
    std::atomic<int> runs{0};   // those that began
    // A caller who has to be kept waiting sets how long: before the call begins, and after.
    std::function<bool()> is_queued;
    std::function<bool()> is_held;
    std::function<void()> before_end;
    Result<targets::ExecutionResult> answer{targets::ExecutionResult{}};

private:
    static Task<void> wait_while(std::function<bool()>& condition)
    {
        while (condition && condition()) {
            boost::asio::steady_timer turn{co_await boost::asio::this_coro::executor,
                                           std::chrono::milliseconds{1}};
            co_await turn.async_wait(boost::asio::use_awaitable);
        }
    }
};

/// A clock that only the test moves: `advance` is time that passes, `time` alone a jump.
class FakeClock final : public Clock {
public:
    TimePoint now() const override { return time; }
    void advance(std::chrono::microseconds passed)
    {
        time += passed;
        steady += passed;
    }
    AgeClock ages() const
    {
        return AgeClock{*this, [this] { return steady; }};
    }
    TimePoint time{std::chrono::seconds{1'800'000'000}};
    AgeClock::Steady::time_point steady{};
};

inline constexpr auto change_commands = R"(commands:
  - {name: look, description: "Look at something only", command_template: "true", category: custom}
  - {name: change, description: "Change something at once", command_template: "true", category: custom, capability: "system:write", tier: control}
  - {name: alter, description: "Change something else", command_template: "true", category: custom, capability: "system:write", tier: control}
)";

inline policy::Policy policy_of(policy::Effect effect)
{
    policy::Rule rule;
    rule.id = RuleId{"rule"};
    rule.effect = effect;
    rule.at_most = Tier::control;
    policy::Policy policy;
    policy.rules.push_back(rule);
    return policy;
}

class IdempotencyTest : public ::testing::Test {
protected:
    IdempotencyTest() { set_policy(policy::Effect::allow); }

    void set_policy(policy::Effect effect)
    {
        std::vector<std::shared_ptr<const targets::Target>> all;
        for (const auto* id : {"one", "two"}) {
            targets::TargetSpec spec;
            spec.facts.id = TargetId{id};
            spec.facts.offers = expand_scopes({"system:write"});
            spec.limits.concurrency = 16;
            auto bounded = std::make_shared<targets::Bounded>(spec.facts.id, spec.limits, executor_,
                                                              states_, clock_);
            all.push_back(
                std::make_shared<const targets::Target>(targets::Target{spec, std::move(bounded)}));
        }
        yaml::Problems problems;
        auto world = std::make_shared<World>();
        world->gate = std::make_shared<const policy::Gate>(policy_of(effect));
        world->registry = std::make_shared<const targets::Registry>(std::move(all));
        world->commands = std::make_shared<const tools::CommandCatalogue>(
            tools::CommandCatalogue::read(change_commands, "commands.yaml", problems));
        world->secrets = std::make_shared<const SecretRegistry>();
        ASSERT_TRUE(problems.empty()) << problems.render();
        world_.swap(std::move(world));
    }

    /// A new store on the same file, as a daemon that starts has.
    std::shared_ptr<store::SqliteStore> open(
        std::chrono::milliseconds busy_timeout = std::chrono::seconds{5})
    {
        auto opened = store::SqliteStore::open(
            {.path = (folder_.path() / "state.db").string(), .busy_timeout = busy_timeout});
        if (!opened) throw std::runtime_error{opened.error().describe()};
        return *opened;
    }

    Invocation invocation(nlohmann::json arguments, const std::string& subject = "alice")
    {
        arguments.emplace("target", "one");
        arguments.emplace("command_name", "change");
        Invocation call;
        call.id = RequestId{"r" + std::to_string(++last_request_)};
        auth::Identity identity;
        identity.subject = SubjectId{subject};
        identity.scopes = {"admin"};
        identity.expires = TimePoint::max();
        call.principal = world_.get()->gate->admit(std::move(identity));
        call.tool = "execute_command";
        call.arguments = std::make_shared<const nlohmann::json>(std::move(arguments));
        return call;
    }

    PipelineParts parts(IdempotencyKeys* keys)
    {
        return {.world = world_,
                .trail = trail_,
                .states = states_,
                .clock = clock_,
                .runs = runs_,
                .keys = keys};
    }

    Result<Answer> run(Invocation call)
    {
        return testing::run([&](Runtime& runtime) -> Task<Result<Answer>> {
            IdempotencyKeys keys{keep_in_ ? keep_in_ : store_, runtime.blocking, ages_, bounds_,
                                 book_};
            Pipeline pipeline{parts(&keys)};
            co_return co_await pipeline.run(std::move(call));
        });
    }
    Result<Answer> run(nlohmann::json arguments, const std::string& subject = "alice")
    {
        return run(invocation(std::move(arguments), subject));
    }

    /// The code and message of an error; "ok" of none.
    static std::string told(const Result<Answer>& answer)
    {
        if (answer) return "ok";
        return std::string{to_string(answer.error().code())} + ": " +
               answer.error().public_message();
    }

    testing::TemporaryDirectory folder_;
    FakeClock clock_;
    FakeTrail trail_;
    targets::StateBoard states_;
    runs::Runs runs_;
    std::shared_ptr<FakeExecutor> executor_{std::make_shared<FakeExecutor>()};
    CurrentWorld world_{std::make_shared<World>()};
    const AgeClock ages_{clock_.ages()};
    store::CallKeyBounds bounds_;
    std::shared_ptr<store::CallKeyStore> keep_in_;  // instead of store_
    const runs::Runs* book_{&runs_};
    std::shared_ptr<store::SqliteStore> store_{open()};
    int last_request_{0};
};

inline const nlohmann::json with_key{{"idempotency_key", "k"}};

}  // namespace tailops::call
