#include "tests/unit/gateway/call/call_rig.hpp"

namespace tailops::call {
namespace {

using nlohmann::json;
using policy::Effect;
using Names = std::vector<std::string>;

constexpr auto catalogue = R"(commands:
  - {name: change, description: "Change something at once", command_template: "echo changed", category: custom, capability: "system:write", tier: control}
  - {name: look, description: "Look at something here", command_template: "echo hello", category: custom}
  - {name: say, description: "Say a word out loud", command_template: "echo {word}", category: custom, parameters: {word: {description: "what to say", type: name}}}
)";

/// What a caller is told of the catalogue.
class KnownCommands : public ::testing::Test {
protected:
    static policy::Rule rule(std::string id, Effect effect)
    {
        policy::Rule out;
        out.id = RuleId{std::move(id)};
        out.effect = effect;
        out.at_most = Tier::control;
        return out;
    }
    /// About execute_command with these commands.
    static policy::Rule about(std::string id, Effect effect, Names commands)
    {
        auto out = rule(std::move(id), effect);
        out.tools = {"execute_command"};
        std::vector<policy::Value> names{commands.begin(), commands.end()};
        out.parameters["command_name"].one_of = std::move(names);
        return out;
    }
    void allow(std::vector<policy::Rule> rules)
    {
        policy::Policy policy;
        policy.rules = std::move(rules);
        rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
    }

    Names listed(const auth::Principal& principal)
    {
        auto call = rig_.invocation("list_commands", json::object());
        call.principal = principal;
        const auto answer = rig_.run(std::move(call));
        Names out;
        if (!answer) return {"refused: " + answer.error().public_message()};
        for (const auto& row : answer->content->at("commands")) out.push_back(row.at("name"));
        EXPECT_EQ(rig_.pipeline->visible_commands(principal), out);
        return out;
    }
    Names listed() { return listed(rig_.principal("alice")); }

    CallRig rig_{catalogue};
};

TEST_F(KnownCommands, AreThoseThatTheCallerCouldRunSomewhere)
{
    struct Row {
        const char* what;
        std::vector<policy::Rule> rules;
        Names names;
    };
    auto of_status = rule("status", Effect::allow);
    of_status.tools = {"get_system_status"};
    auto elsewhere = rule("elsewhere", Effect::allow);
    elsewhere.targets.ids = {"web-*"};
    auto looking = rule("looking", Effect::allow);
    looking.at_most = Tier::observe;
    auto word = rule("word", Effect::allow);
    word.parameters["parameters.word"].one_of = {policy::Value{std::string{"hi"}}};
    const Row rows[] = {
        {"no rule", {}, {}},
        {"a rule about another tool", {of_status}, {}},
        {"a rule about other targets", {elsewhere}, {}},
        {"everything", {rule("all", Effect::allow)}, {"change", "look", "say"}},
        {"what only looks", {looking}, {"look", "say"}},
        {"one by its name", {about("one", Effect::allow, {"look"})}, {"look"}},
        {"all but one",
         {rule("all", Effect::allow), about("no", Effect::deny, {"look"})},
         {"change", "say"}},
        {"with an approval", {about("ask", Effect::require_approval, {"change"})}, {"change"}},
        {"some values of one that has such a parameter", {word}, {"say"}},
    };
    for (const auto& row : rows) {
        allow(row.rules);
        EXPECT_EQ(listed(), row.names) << row.what;
    }
}

TEST_F(KnownCommands, NeedARightThatTheCallerHas)
{
    allow({rule("all", Effect::allow)});
    auto identity = rig_.principal("alice").identity;
    identity.scopes = {"system:read"};
    EXPECT_EQ(listed(rig_.world->get()->gate->admit(std::move(identity))), (Names{"look", "say"}));
}

TEST_F(KnownCommands, AreHiddenLikeOnesThatDoNotExist)
{
    allow({about("one", Effect::allow, {"look"})});
    EXPECT_TRUE(rig_.command("look"));
    const auto hidden = rig_.command("change");
    const auto absent = rig_.command("chance");
    ASSERT_FALSE(hidden);
    ASSERT_FALSE(absent);
    EXPECT_EQ(hidden.error().code(), Errc::not_found);
    EXPECT_EQ(hidden.error().public_message(),
              "there is no command \"change\" for you; list_commands tells which there are");
    EXPECT_EQ(absent.error().code(), Errc::not_found);
    EXPECT_EQ(absent.error().public_message(),
              "there is no command \"chance\" for you; list_commands tells which there are")
        << "no word of the one that it resembles";
    EXPECT_EQ(rig_.command("lock").error().public_message(),
              "there is no command \"lock\" for you; list_commands tells which there are; did you "
              "mean \"look\"?");
}

TEST_F(KnownCommands, AreHiddenAlsoWhereNoneOfThemCouldBeRun)
{
    auto of_status = rule("status", Effect::allow);
    of_status.tools = {"get_system_status"};
    auto principal = rig_.principal("alice");
    for (const auto& scopes : {std::set<std::string>{"admin"}, {"container:read"}}) {
        allow({of_status});
        principal.identity.scopes = scopes;
        const auto refused = [&](const char* command) {
            auto call = rig_.invocation("execute_command",
                                        {{"target", "local"}, {"command_name", command}});
            call.principal = rig_.world->get()->gate->admit(principal.identity);
            const auto answer = rig_.run(std::move(call));
            return answer ? std::string{"ran"} : answer.error().describe();
        };
        EXPECT_EQ(refused("change"), refused("nothing"));
    }
}

TEST(NoKnownCommands, AreAnsweredLikeOneThatDoesNotExist)
{
    CallRig rig{"commands: []\n"};
    const auto refused = rig.command("look");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::not_found);
    EXPECT_EQ(refused.error().public_message(),
              "there is no command \"look\" for you; list_commands tells which there are");
    EXPECT_FALSE(rig.sees("execute_command"));
}

TEST_F(KnownCommands, MakeTheirToolVisibleOnlyWhereOneOfThemCouldBeRun)
{
    allow({about("one", Effect::allow, {"look"})});
    EXPECT_TRUE(rig_.sees("execute_command"));
    allow({rule("all", Effect::allow), about("none", Effect::deny, {"change", "look", "say"})});
    EXPECT_FALSE(rig_.sees("execute_command"));
    EXPECT_TRUE(rig_.sees("get_system_status"));
}

TEST_F(KnownCommands, TellTheScopeToAskFor)
{
    allow({rule("all", Effect::allow)});
    auto call =
        rig_.invocation("execute_command", {{"target", "local"}, {"command_name", "change"}});
    auto identity = call.principal.identity;
    identity.scopes = {"system:read"};
    const auto with = [&](auth::Method method) {
        auto asking = call;
        identity.method = method;
        asking.principal = rig_.world->get()->gate->admit(identity);
        return rig_.run(std::move(asking)).error().code();
    };
    EXPECT_EQ(with(auth::Method::oidc), Errc::insufficient_scope);
    EXPECT_EQ(with(auth::Method::gateway_token), Errc::not_found) << "it can be given no other";
}

}  // namespace
}  // namespace tailops::call
