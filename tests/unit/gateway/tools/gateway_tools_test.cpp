#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class FakeView final : public GatewayView {
public:
    FakeView()
    {
        who.identity.subject = SubjectId{"42"};
        who.identity.issuer = "https://id.example";
        who.identity.name = "ada";
        who.identity.method = auth::Method::oidc;
        who.roles = {"operator"};
        who.capabilities = expand_scopes({"readonly"});
        add("db-01", {"db"}, "production", targets::Reach::unreachable);
        add("web-01", {"web"}, "staging", targets::Reach::reachable);
    }
    void add(const char* id,
             std::set<std::string> tags,
             const char* environment,
             targets::Reach reach)
    {
        auto target = std::make_shared<targets::Target>();
        target->spec.facts.id = TargetId{id};
        target->spec.facts.tags = std::move(tags);
        target->spec.facts.environment = environment;
        target->spec.facts.offers = {Capability{"system", "read"}};
        target->spec.kind = targets::Kind::ssh;
        visible.push_back({target, {reach, "why", time, time}, {"get_system_status"}});
    }
    const auth::Principal& principal() const override { return who; }
    TimePoint now() const override { return time; }
    TimePoint started() const override { return time - 90s; }
    std::vector<VisibleTarget> targets() const override { return visible; }
    std::vector<const CatalogueCommand*> commands() const override
    {
        std::vector<const CatalogueCommand*> out;
        for (const auto& command : CommandCatalogue::shipped().all()) out.push_back(&command);
        return out;
    }
    Status trail_health() const override { return trail; }
    std::vector<RunView> runs(std::size_t) const override { return {}; }
    Result<RunView> run(const RequestId&) const override { return fail(Errc::not_found, "no"); }
    Task<Result<OutputPage>> read_output(OutputQuestion) const override
    {
        co_return fail(Errc::not_found, "no");
    }

    const TimePoint time{std::chrono::seconds{1'763'640'000}};
    auth::Principal who;
    std::vector<VisibleTarget> visible;
    Status trail;
};

json answer(const char* tool, const GatewayView& view, const json& arguments = json::object())
{
    const auto content = told(find(tool)->answer(arguments, view));
    if (!content) throw std::runtime_error{content.error().describe()};
    const auto fits = validate_against(*parse_json(find(tool)->output_schema), *content);
    EXPECT_TRUE(fits) << fits.error().describe();
    return *content;
}

TEST(HealthCheck, SaysWhenTheTrailCannotBeWritten)
{
    FakeView view;
    const auto well = answer("health_check", view);
    EXPECT_EQ(well.at("status"), "healthy");
    EXPECT_EQ(well.at("uptime"), 90);
    EXPECT_EQ(well.at("targets").at("unreachable"), 1);
    EXPECT_EQ(well.at("timestamp"), "2025-11-20T12:00:00.000Z");
    view.trail = fail(Errc::unavailable, "the disk is full");
    const auto ill = answer("health_check", view);
    EXPECT_EQ(ill.at("status"), "degraded");
    EXPECT_EQ(ill.at("reason"), "the disk is full");
}

TEST(Whoami, TellsWhatTheGatewayKnows)
{
    FakeView view;
    const auto me = answer("whoami", view);
    EXPECT_EQ(me.at("subject"), "42");
    EXPECT_EQ(me.at("name"), "ada");
    EXPECT_EQ(me.at("roles"), json::array({"operator"}));
    EXPECT_EQ(me.at("method"), "oidc");
    EXPECT_FALSE(me.contains("expires"));
    EXPECT_FALSE(me.contains("scopes"));
    view.who.identity.expires = view.time;
    view.who.identity.scopes = {"readonly"};
    EXPECT_EQ(answer("whoami", view).at("expires"), "2025-11-20T12:00:00.000Z");
    EXPECT_EQ(answer("whoami", view).at("scopes"), json::array({"readonly"}));
}

TEST(ListTargets, ShowsAndFilters)
{
    const FakeView view;
    const auto all_of_them = answer("list_targets", view);
    EXPECT_EQ(all_of_them.at("count"), 2);
    const auto& first = all_of_them.at("targets").at(0);
    EXPECT_EQ(first.at("id"), "db-01");
    EXPECT_EQ(first.at("state").at("status"), "unreachable");
    EXPECT_EQ(first.at("tools"), json::array({"get_system_status"}));
    EXPECT_EQ(answer("list_targets", view, {{"tag", "web"}}).at("count"), 1);
    EXPECT_EQ(answer("list_targets", view, {{"tag", "we"}}).at("count"), 0);
    EXPECT_EQ(answer("list_targets", view, {{"environment", "production"}}).at("count"), 1);
}

TEST(ListCommands, ShowsTheCatalogueThatIsExecuted)
{
    const FakeView view;
    const auto listed = answer("list_commands", view);
    EXPECT_EQ(listed.at("count"), 39);
    EXPECT_EQ(answer("list_commands", view, {{"category", "docker"}}).at("count"), 7);
    for (const auto& command : listed.at("commands")) {
        EXPECT_TRUE(CommandCatalogue::shipped().find(command.at("name").get<std::string>()));
        if (command.at("name") == "disk_usage_path") {
            EXPECT_EQ(command.at("parameters").at("path").at("type"), "path");
        }
    }
}

TEST(TestTarget, IsAProbe)
{
    targets::TargetSpec spec;
    spec.facts.id = TargetId{"web-01"};
    const auto plan = find("test_target")->plan(json::object(), {.target = &spec});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(std::holds_alternative<targets::Probe>(plan->operation));
    EXPECT_EQ(plan->right.capability.text(), "gateway:read");
    targets::ExecutionResult result;
    result.elapsed = 12ms;
    const auto content = told(plan->present(result));
    EXPECT_EQ(content->at("success"), true);
    EXPECT_EQ(content->at("elapsed_ms"), 12);
}

}  // namespace
}  // namespace tailops::tools
