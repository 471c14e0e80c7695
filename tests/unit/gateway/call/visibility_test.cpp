#include "tests/unit/gateway/call/world_rig.hpp"

namespace tailops::call {
namespace {

using policy::Effect;
using Ids = std::set<std::string>;

class Visibility : public WorldRig {
protected:
    Ids ids()
    {
        Ids out;
        for (const auto& [id, tools] : seen()) out.insert(id);
        return out;
    }
};

TEST_F(Visibility, NothingIsSeenUnderAnEmptyPolicy)
{
    allow({});
    EXPECT_EQ(ids(), Ids{});
    EXPECT_EQ(call("test_target", {{"target", "api"}}).error().code(), Errc::not_found);
}

TEST_F(Visibility, ATargetShowsWhereSomeToolCouldBeUsed)
{
    allow({rule("r", Effect::allow)});
    EXPECT_EQ(ids(), (Ids{"api", "dock", "local"}));
    const auto tools = seen();
    EXPECT_EQ(tools.at("api"), (std::vector<std::string>{"http_request", "test_target"}));
    for (const auto* tool : {"execute_command", "file_operations"}) {
        EXPECT_EQ(std::ranges::count(tools.at("local"), tool), 1) << tool;
        EXPECT_EQ(std::ranges::count(tools.at("dock"), tool), 0) << tool << " cannot run there";
    }
}

TEST_F(Visibility, ARuleAboutTheGatewayShowsNoMachine)
{
    auto about_me = rule("me", Effect::allow);
    about_me.tools = {"whoami"};
    allow({about_me});
    EXPECT_EQ(ids(), Ids{});
    about_me.tools = {"test_target"};
    allow({about_me});
    EXPECT_EQ(ids(), Ids{}) << "what tells of a target alone is no use of it";
}

TEST_F(Visibility, ARuleAboutAToolShowsWhereItsToolCanBeUsed)
{
    auto list = rule("list", Effect::allow);
    list.tools = {"get_container_list"};
    allow({list});
    EXPECT_EQ(ids(), Ids{"dock"});
    list.tools = {"execute_command"};
    allow({list});
    EXPECT_EQ(ids(), Ids{"local"});
}

TEST_F(Visibility, ARightThatNoCommandNeedsShowsNothing)
{
    auto about_databases = rule("db", Effect::allow);
    about_databases.capabilities = {*parse_capability("database:read")};
    about_databases.tools = {"execute_command"};
    allow({about_databases});
    EXPECT_EQ(ids(), Ids{});
}

TEST_F(Visibility, DeniedToolsHideTheirTarget)
{
    auto no = rule("no", Effect::deny);
    no.targets.ids = {"dock"};
    no.tools = {"get_container_list", "get_container_logs", "inspect_container"};
    allow({rule("r", Effect::allow), no});
    EXPECT_EQ(ids(), (Ids{"api", "dock", "local"})) << "manage_container is left";
    no.tools.insert("manage_container");
    allow({rule("r", Effect::allow), no});
    EXPECT_EQ(ids(), (Ids{"api", "local"}));
    no.tools.clear();
    no.targets = {.ids = {}, .tags = {"hr"}, .environments = {}};
    allow({rule("r", Effect::allow), no});
    EXPECT_EQ(ids(), (Ids{"api", "dock", "local"})) << "of other targets";
}

TEST_F(Visibility, AToolThatCannotRunThereIsRefusedByName)
{
    allow({rule("r", Effect::allow)});
    const auto refused = call("execute_command", {{"target", "dock"}, {"command_name", "greet"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().public_message(), "target \"dock\" does not offer running commands");
    EXPECT_EQ(engine_->operations.size(), 0U);
}

/// What the API was asked by a test of it.
std::optional<targets::Probe> probed(const FakeTarget& target)
{
    if (target.operations.empty()) return std::nullopt;
    return std::get<targets::Probe>(target.operations.back());
}

TEST_F(Visibility, ATestSendsOnlyWhatTheCallerCouldSendItself)
{
    using Depth = targets::Probe::Depth;
    auto all = rule("all", Effect::allow);
    all.tools = {"http_request"};
    auto of_public = all;
    of_public.parameters["path"].path_under = {"/public"};
    auto no_orders = rule("no", Effect::deny);
    no_orders.tools = {"http_request"};
    no_orders.parameters["path"].path_under = {"/Orders"};
    auto ask_first = rule("ask", Effect::require_approval);
    ask_first.tools = {"http_request"};
    ask_first.parameters["path"].path_under = {"/orders"};
    struct Row {
        const char* what;
        std::vector<policy::Rule> rules;
        Depth depth;
    };
    const Row rows[] = {
        {"all of it", {all}, Depth::authenticate},
        {"another path alone", {of_public}, Depth::connect},
        {"all but this path", {all, no_orders}, Depth::connect},
        {"this path with an approval", {all, ask_first}, Depth::connect},
    };
    for (const auto& row : rows) {
        allow(row.rules);
        ASSERT_TRUE(call("test_target", {{"target", "api"}})) << row.what;
        ASSERT_TRUE(probed(*api_)) << row.what;
        EXPECT_EQ(probed(*api_)->depth, row.depth) << row.what;
        const auto* sent =
            row.depth == Depth::connect ? "; sends no request" : "; sends GET /orders";
        EXPECT_TRUE(rig_.trail.records.back().why.ends_with(sent)) << rig_.trail.records.back().why;
    }
}

TEST_F(Visibility, ATestIsNoMoreThanAllElseThere)
{
    const json of_dock{{"target", "dock"}};
    allow({rule("dry", Effect::dry_run_only)});
    const auto dry = call("test_target", of_dock);
    ASSERT_TRUE(dry);
    EXPECT_TRUE(dry->content->value("dry_run", false));
    allow({rule("ask", Effect::require_approval)});
    const auto asked = call("test_target", of_dock);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code(), Errc::approval_required);
    auto of_containers = rule("ask", Effect::require_approval);
    of_containers.capabilities = {*parse_capability("container:read")};
    allow({of_containers});
    EXPECT_EQ(
        call("test_target", of_dock).error().public_message(),
        "approval required: rule gateway-self alone says allow; all else you may do on target "
        "\"dock\" needs an approval");
    EXPECT_EQ(engine_->operations.size(), 0U);

    auto look = rule("look", Effect::allow, Tier::observe);
    auto change = rule("change", Effect::require_approval);
    change.at_least = Tier::control;
    allow({look, change});
    EXPECT_TRUE(call("test_target", of_dock)) << "one may look without an approval";
    EXPECT_EQ(engine_->operations.size(), 1U);
    auto no_tests = rule("no", Effect::deny);
    no_tests.tools = {"test_target"};
    allow({look, no_tests});
    EXPECT_EQ(call("test_target", of_dock).error().code(), Errc::denied);
}

TEST_F(Visibility, ARunIsShownWhileItsLikeIsAllowed)
{
    const auto act = rule("act", Effect::allow);
    allow({act});
    const json stop{{"target", "dock"}, {"action", "stop"}, {"name_or_id", "db"}};
    ASSERT_TRUE(call("manage_container", stop, "first"));
    const auto shown = [&] { return call("get_run", {{"run_id", "first"}}, "look").has_value(); };
    EXPECT_TRUE(shown());
    auto about_name = [](Effect effect, const char* name) {
        auto out = rule("on-name", effect);
        out.tools = {"manage_container"};
        out.parameters["name_or_id"].equals = policy::Value{name};
        return out;
    };
    struct Row {
        const char* what;
        std::vector<policy::Rule> rules;
        bool is_shown;
    };
    const Row rows[] = {
        {"an approval now", {rule("ask", Effect::require_approval)}, false},
        {"a dry run now", {rule("dry", Effect::dry_run_only)}, false},
        {"denied now", {}, false},
        {"an approval for this container",
         {act, about_name(Effect::require_approval, "db")},
         false},
        {"an approval for another", {act, about_name(Effect::require_approval, "web")}, true},
        {"this container denied", {act, about_name(Effect::deny, "db")}, false},
        {"this container alone allowed", {about_name(Effect::allow, "db")}, true},
        {"another alone allowed", {about_name(Effect::allow, "web")}, false},
    };
    for (const auto& row : rows) {
        allow(row.rules);
        EXPECT_EQ(shown(), row.is_shown) << row.what;
    }
}

}  // namespace
}  // namespace tailops::call
