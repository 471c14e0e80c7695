#pragma once

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/service/gateway_service.hpp"
#include "tests/unit/gateway/call/call_rig.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {

inline constexpr auto gateway_catalogue = R"(commands:
  - {name: active_services, description: "Show the services that run", command_template: "printf '  UNIT LOAD\\n  ssh.service loaded active running Secure shell.service\\n● web.service loaded failed\\n\\n2 units.\\n'", category: custom}
  - {name: count, description: "Print some numbers", command_template: "seq 1 20000", category: custom}
  - {name: greet, description: "Say hello to the world", command_template: "echo hello", category: custom}
)";

/// The gateway's own service before a local target, as a client without a stream calls it. Outputs
/// go to a spool.
class GatewayRig : public ::testing::Test {
protected:
    using json = nlohmann::json;

    GatewayRig()
    {
        runs::SpoolSettings settings;
        settings.folder = directory_.path() / "spool";
        auto spool = runs::Spool::open(settings, rig_.clock, rig_.runtime->blocking);
        if (!spool) throw std::runtime_error{spool.error().describe()};
        rig_.start(*std::move(spool));
        serve({});
    }

    /// Serves anew with these settings, but for the records.
    void serve(service::GatewayServiceSettings how)
    {
        how.own_records = [](const auth::Principal&) -> Task<Result<json>> {
            co_return json{{"records", json::array()}};
        };
        service_ =
            std::make_unique<service::GatewayService>(*rig_.pipeline, rig_.clock, std::move(how));
    }

    Result<json> read(const std::string& uri, const auth::Principal& principal)
    {
        using Read = Result<service::Outcome<service::ResourceResult>>;
        McpCaller caller{{.principal = principal, .request = RequestId{"reading"}}, nullptr};
        const auto outcome = rig_.run_task<Read>([&]() -> Task<Read> {
            auto named = uri;
            co_return co_await service_->read_resource(caller, std::move(named));
        });
        if (!outcome) return fail(Error{outcome.error()});
        const auto& contents = *std::get<service::ResourceResult>(*outcome).contents;
        EXPECT_EQ(text_member(contents.at(0), "uri"), uri);
        return parse_json(text_member(contents.at(0), "text"));
    }
    Result<json> read(const std::string& uri, const std::string& subject = "alice")
    {
        return read(uri, rig_.principal(subject));
    }

    std::set<std::string> listed(const std::string& subject)
    {
        std::set<std::string> out;
        for (const auto& row : service_->list_resources(rig_.principal(subject))) {
            out.insert(row.uri);
        }
        for (const auto& row : service_->list_resource_templates(rig_.principal(subject))) {
            out.insert(row.uri);
        }
        return out;
    }

    /// Of `capability`, everywhere.
    static policy::Rule rule(std::string id, policy::Effect effect, Capability capability)
    {
        policy::Rule made;
        made.id = RuleId{std::move(id)};
        made.effect = effect;
        made.capabilities = {capability};
        return made;
    }

    void reload(std::vector<policy::Rule> rules, std::vector<policy::Role> roles = {})
    {
        policy::Policy policy;
        policy.rules = std::move(rules);
        policy.roles = std::move(roles);
        rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
    }

    /// Beside the one that the rig has, as a reload of targets.yaml does.
    void add_target(policy::TargetFacts facts, std::shared_ptr<targets::Executor> executor)
    {
        targets::TargetSpec spec;
        spec.facts = std::move(facts);
        auto bounded = std::make_shared<targets::Bounded>(
            spec.facts.id, spec.limits, std::move(executor), rig_.states, rig_.clock);
        auto next = std::make_shared<call::World>(*rig_.world->get());
        std::vector<std::shared_ptr<const targets::Target>> all;
        for (const auto& [id, target] : next->registry->all()) all.push_back(target);
        all.push_back(std::make_shared<const targets::Target>(targets::Target{spec, bounded}));
        next->registry = std::make_shared<const targets::Registry>(std::move(all));
        rig_.world->swap(std::move(next));
    }

    /// A token of `subject` with these scopes.
    auth::Principal scoped(const std::string& subject, std::set<std::string> scopes)
    {
        auth::Identity identity;
        identity.subject = SubjectId{subject};
        identity.name = subject;
        identity.scopes = std::move(scopes);
        identity.expires = auth::never;
        return rig_.world->get()->gate->admit(std::move(identity));
    }

    tailops::testing::TemporaryDirectory directory_;
    call::CallRig rig_{gateway_catalogue};
    std::unique_ptr<service::GatewayService> service_;
};

}  // namespace tailops::mcp
