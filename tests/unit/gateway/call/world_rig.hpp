#pragma once

#include "tests/unit/gateway/call/call_rig.hpp"

#include <functional>

namespace tailops::call {

/// A target that answers as it is told and keeps what it was asked. Stands for an engine or an API
/// where what reaches it, and how often, is the subject.
class FakeTarget final : public targets::Executor {
public:
    using Answer = std::function<targets::ExecutionResult(const targets::Operation&)>;
    FakeTarget(targets::Facet facet, Answer answer) : facet_{facet}, answer_{std::move(answer)} {}

    std::set<targets::Facet> facets() const override
    {
        return {targets::Facet::reachability, facet_};
    }
    Task<Result<targets::ExecutionResult>> run(policy::Permit, targets::Operation asked) override
    {
        operations.push_back(asked);
        if (on_run) on_run(asked);
        if (failure) co_return fail(*failure);
        co_return answer_(asked);
    }

    std::vector<targets::Operation> operations;
    std::optional<Error> failure;
    std::function<void(const targets::Operation&)> on_run;

private:
    targets::Facet facet_;
    Answer answer_;
};

/// A pipeline before a machine ("local"), a Docker engine ("dock") and an API ("api"); the last two
/// are fakes. What is allowed is up to the test.
class WorldRig : public ::testing::Test {
protected:
    using json = nlohmann::json;

    WorldRig()
    {
        targets::HttpConnection api;
        api.base_url = "http://api.example";
        api.paths = {"/orders", "/public"};
        set_api(api);
    }

    /// Swaps the API for one that is reached like this.
    void set_api(targets::HttpConnection connection)
    {
        auto next = std::make_shared<World>(*rig_.world->get());
        const auto local = next->registry->find(TargetId{"local"});
        auto spec = local->spec;
        spec.facts.kind = "local";
        std::vector<std::shared_ptr<const targets::Target>> all{
            std::make_shared<const targets::Target>(targets::Target{spec, local->executor}),
            target("dock", targets::Kind::docker, {"container:read", "container:write"},
                   targets::DockerConnection{}, engine_),
            target("api", targets::Kind::http, {"http:read", "http:write"}, std::move(connection),
                   api_)};
        next->registry = std::make_shared<const targets::Registry>(std::move(all));
        rig_.world->swap(std::move(next));
    }

    static policy::Rule rule(std::string id, policy::Effect effect, Tier tier = Tier::control)
    {
        policy::Rule out;
        out.id = RuleId{std::move(id)};
        out.effect = effect;
        out.at_most = tier;
        return out;
    }

    void allow(std::vector<policy::Rule> rules)
    {
        policy::Policy policy;
        policy.rules = std::move(rules);
        rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
    }

    Result<Answer> call(const std::string& tool, json arguments, const std::string& id = "r1")
    {
        return rig_.run(rig_.invocation(tool, std::move(arguments), "alice", id));
    }

    /// The ids of the targets that alice sees, each with its tools.
    std::map<std::string, std::vector<std::string>> seen()
    {
        std::map<std::string, std::vector<std::string>> out;
        for (const auto& one : rig_.pipeline->visible_targets(rig_.principal("alice"))) {
            out.emplace(one.target->spec.facts.id.str(), one.tools);
        }
        return out;
    }

    static std::string path_of(const targets::Operation& operation)
    {
        const auto* call = std::get_if<targets::EngineCall>(&operation);
        return call ? call->method + ' ' + call->path : "none";
    }
    std::vector<std::string> engine_paths() const
    {
        std::vector<std::string> out;
        for (const auto& one : engine_->operations) out.push_back(path_of(one));
        return out;
    }

    static targets::ExecutionResult answered(int status, std::string output)
    {
        targets::ExecutionResult result;
        result.status = status;
        result.output = std::move(output);
        result.output_bytes = result.output.size();
        return result;
    }

    /// An engine with a container "db" under this id, and "web".
    static inline const std::string db_id = "4f1c9e2ab7d3" + std::string(52, '0');
    static inline const std::string web_id = "4faa9e2ab7d3" + std::string(52, '1');
    static targets::ExecutionResult engine_says(const targets::Operation& operation)
    {
        const auto* call = std::get_if<targets::EngineCall>(&operation);
        if (!call) return answered(200, "");
        if (call->method == "POST") return answered(204, "");
        const auto name = call->path.substr(12, call->path.rfind('/') - 12);
        const auto is = [&](const std::string& id, const std::string& its_name) {
            return name == its_name || (name.size() >= 4 && id.starts_with(name));
        };
        const auto told = [](const std::string& id, const std::string& its_name) {
            return answered(200, json{{"Id", id}, {"Name", '/' + its_name}}.dump());
        };
        if (is(db_id, "db")) return told(db_id, "db");
        if (is(web_id, "web")) return told(web_id, "web");
        return answered(404, R"({"message":"no such container"})");
    }

    static std::shared_ptr<const targets::Target> target(
        const std::string& id,
        targets::Kind kind,
        const std::set<std::string>& offers,
        targets::Connection connection,
        std::shared_ptr<targets::Executor> executor,
        targets::StateBoard& states,
        const Clock& clock)
    {
        targets::TargetSpec spec;
        spec.facts.id = TargetId{id};
        spec.facts.kind = to_string(kind);
        spec.facts.offers = expand_scopes(offers);
        spec.kind = kind;
        spec.connection = std::move(connection);
        auto bounded = std::make_shared<targets::Bounded>(spec.facts.id, spec.limits,
                                                          std::move(executor), states, clock);
        return std::make_shared<const targets::Target>(targets::Target{spec, bounded});
    }
    std::shared_ptr<const targets::Target> target(const std::string& id,
                                                  targets::Kind kind,
                                                  const std::set<std::string>& offers,
                                                  targets::Connection connection,
                                                  std::shared_ptr<targets::Executor> executor)
    {
        return target(id, kind, offers, std::move(connection), std::move(executor), rig_.states,
                      rig_.clock);
    }

    static constexpr auto catalogue = R"(commands:
  - {name: greet, description: "Say hello to the world", command_template: "echo hello"}
)";
    CallRig rig_{catalogue};
    std::shared_ptr<FakeTarget> engine_{
        std::make_shared<FakeTarget>(targets::Facet::containers, engine_says)};
    std::shared_ptr<FakeTarget> api_{std::make_shared<FakeTarget>(
        targets::Facet::http_api,
        [](const targets::Operation&) { return answered(200, "answered"); })};
};

}  // namespace tailops::call
