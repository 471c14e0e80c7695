#include "gateway/service/effective_policy.hpp"

#include "tests/unit/gateway/doors/mcp/gateway_rig.hpp"

namespace tailops::mcp {
namespace {

using nlohmann::json;
using policy::Effect;

/// Two targets; alice may read and write everywhere, bob reads on one of them, carol rehearses.
class EffectivePolicy : public GatewayRig {
protected:
    EffectivePolicy()
    {
        policy::TargetFacts vault;
        vault.id = TargetId{"vault"};
        vault.offers = expand_scopes({"system:write"});
        vault.requires_approval = true;
        add_target(vault, std::make_shared<targets::LocalExecutor>());
        reload(rules());
    }

    static std::vector<policy::Rule> rules()
    {
        auto all = rule("all", Effect::allow, {"system", "read"});
        all.capabilities = {};
        all.at_most = Tier::control;
        all.principals.subjects = {"alice"};
        auto one = rule("one", Effect::allow, {"system", "read"});
        one.principals.subjects = {"bob"};
        one.targets.ids = {"local"};
        one.obligations.timeout = std::chrono::seconds{5};
        auto rehearse = rule("rehearse", Effect::dry_run_only, {"system", "read"});
        rehearse.principals.subjects = {"carol"};
        auto no_shutdown = rule("no-shutdown", Effect::deny, {"system", "write"});
        no_shutdown.tools = {"execute_command"};
        no_shutdown.parameters["command_name"].equals = policy::Value{std::string{"shutdown"}};
        return {all, one, rehearse, no_shutdown};
    }

    json policy_of(const std::string& subject)
    {
        const auto me = read("tailops://me", subject);
        EXPECT_TRUE(me);
        EXPECT_EQ(text_member(*me, "subject"), subject);
        return me->at("policy").at("targets");
    }

    /// The entry of a capability on a target; null when it is not named.
    static json tiers(const json& targets, const std::string& target, const std::string& name)
    {
        for (const auto& entry : targets) {
            const auto ids = entry.at("ids").get<std::vector<std::string>>();
            if (std::ranges::find(ids, target) == ids.end()) continue;
            for (const auto& row : entry.at("capabilities")) {
                if (row.at("capability") == name) return row.at("tiers");
            }
        }
        return nullptr;
    }
};

TEST_F(EffectivePolicy, SaysFromTierToTierWhatAllowsAndWhatAsks)
{
    const auto targets = policy_of("alice");
    ASSERT_EQ(targets.size(), 2U) << targets.dump();
    const auto local = tiers(targets, "local", "system:read");
    ASSERT_EQ(local.size(), 1U) << local.dump();
    EXPECT_EQ(local[0].at("up_to"), "control");
    EXPECT_EQ(local[0].at("effect"), "allow");
    EXPECT_EQ(local[0].at("rule"), "all");
    EXPECT_EQ(local[0].at("timeout_ms"), 30'000);
    EXPECT_FALSE(local[0].contains("conditional"));
    const auto vault = tiers(targets, "vault", "system:read");
    ASSERT_EQ(vault.size(), 2U) << vault.dump();
    EXPECT_EQ(vault[0].at("up_to"), "observe");
    EXPECT_EQ(vault[0].at("effect"), "allow");
    EXPECT_EQ(vault[1].at("up_to"), "control");
    EXPECT_EQ(vault[1].at("effect"), "require_approval");
    EXPECT_EQ(vault[1].at("why"), "the target asks for approval");
    EXPECT_TRUE(tiers(targets, "local", "container:read").is_null()) << "it does not offer that";
}

TEST_F(EffectivePolicy, NamesWhatDependsOnTheCall)
{
    const auto targets = policy_of("alice");
    const auto local = tiers(targets, "local", "system:write");
    EXPECT_EQ(local[0].at("effect"), "allow");
    ASSERT_EQ(local[0].at("conditional").size(), 1U) << local.dump();
    EXPECT_EQ(local[0].at("conditional")[0], json({{"rule", "no-shutdown"},
                                                   {"effect", "deny"},
                                                   {"tools", {"execute_command"}},
                                                   {"arguments", {"command_name"}}}));
}

TEST_F(EffectivePolicy, IsOnlyThatOfTheTargetsThatAreSeen)
{
    const auto targets = policy_of("bob");
    ASSERT_EQ(targets.size(), 1U) << targets.dump();
    EXPECT_EQ(targets[0].at("ids"), json::array({"local"}));
    const auto local = tiers(targets, "local", "system:read");
    ASSERT_EQ(local.size(), 1U);
    EXPECT_EQ(local[0].at("up_to"), "observe");
    EXPECT_EQ(local[0].at("rule"), "one");
    EXPECT_EQ(local[0].at("timeout_ms"), 5'000);
    EXPECT_EQ(targets.dump().find("vault"), std::string::npos);
}

TEST_F(EffectivePolicy, SaysThatACallIsRehearsedAndSharesEntries)
{
    const auto targets = policy_of("carol");
    ASSERT_EQ(targets.size(), 1U) << targets.dump();
    EXPECT_EQ(targets[0].at("ids"), json::array({"local", "vault"}));
    const auto local = tiers(targets, "local", "system:read");
    EXPECT_EQ(local[0].at("effect"), "dry_run_only");
    EXPECT_EQ(local[0].at("dry_run"), true);
    EXPECT_EQ(local[0].at("rule"), "rehearse");
}

TEST_F(EffectivePolicy, IsNarrowedByTheScopesOfTheToken)
{
    const auto me = read("tailops://me", scoped("alice", {"file:read"}));
    ASSERT_TRUE(me);
    const auto& targets = me->at("policy").at("targets");
    EXPECT_FALSE(tiers(targets, "local", "file:read").is_null());
    EXPECT_TRUE(tiers(targets, "local", "system:read").is_null());
    EXPECT_TRUE(policy_of("mallory").empty());
}

TEST_F(EffectivePolicy, IsBoundedAndSaysWhatItLeavesOut)
{
    const auto gate = rig_.world->get()->gate;
    std::vector<policy::TargetFacts> many(300);
    std::vector<const policy::TargetFacts*> all;
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].id = TargetId{"t" + std::to_string(i)};
        many[i].offers = expand_scopes({"system:read"});
        all.push_back(&many[i]);
    }
    const auto document = service::effective_policy(*gate, rig_.principal("alice"), all);
    EXPECT_EQ(document.at("targets").size(), 1U);
    EXPECT_EQ(document.at("targets")[0].at("ids").size(), 256U);
    EXPECT_EQ(document.at("targets_left_out"), 44);
}

}  // namespace
}  // namespace tailops::mcp
