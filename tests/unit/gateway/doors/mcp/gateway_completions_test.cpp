#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/service/rights_key.hpp"
#include "tests/unit/gateway/doors/mcp/gateway_rig.hpp"

namespace tailops::mcp {
namespace {

using Names = std::vector<std::string>;

/// A Docker engine with one container.
class FakeEngine final : public targets::Executor {
public:
    std::set<targets::Facet> facets() const override { return {targets::Facet::containers}; }
    Task<Result<targets::ExecutionResult>> run(policy::Permit, targets::Operation) override
    {
        ++calls;
        targets::ExecutionResult result;
        result.status = 200;
        result.output = R"([{"Id":"0123456789ab","Names":["/web"],"Image":"nginx"}])";
        result.output_bytes = result.output.size();
        co_return result;
    }
    int calls{0};
};

class GatewayCompletionsTest : public GatewayRig {
protected:
    GatewayCompletionsTest()
    {
        policy::TargetFacts docker;
        docker.id = TargetId{"docker"};
        docker.offers = expand_scopes({"container:read"});
        docker.kind = "docker";
        add_target(docker, engine_);
    }

    Result<Names> complete(service::CompletionQuery query, const auth::Principal& principal)
    {
        using Completed = Result<service::Completion>;
        McpCaller caller{{.principal = principal, .request = RequestId{"typing"}}, nullptr};
        const auto completion = rig_.run_task<Completed>([&]() -> Task<Completed> {
            auto asked = query;
            co_return co_await service_->complete(caller, std::move(asked));
        });
        if (!completion) return fail(Error{completion.error()});
        return completion->values;
    }
    Result<Names> complete(service::CompletionQuery query, const std::string& subject = "alice")
    {
        return complete(std::move(query), rig_.principal(subject));
    }

    static service::CompletionQuery of_template(std::string uri,
                                                std::string argument,
                                                std::string value)
    {
        return {.about = service::CompletionQuery::About::resource,
                .name = std::move(uri),
                .argument = std::move(argument),
                .value = std::move(value),
                .context = {}};
    }
    static service::CompletionQuery container()
    {
        return {.about = service::CompletionQuery::About::prompt,
                .name = "troubleshoot_container",
                .argument = "container_name",
                .value = "w",
                .context = {{"target", "docker"}}};
    }

    std::shared_ptr<FakeEngine> engine_{std::make_shared<FakeEngine>()};
};

TEST_F(GatewayCompletionsTest, NameRunsOfTheCallersOwn)
{
    ASSERT_TRUE(rig_.command("greet", "alice", "first"));
    ASSERT_TRUE(rig_.command("greet", "anna", "second"));
    EXPECT_EQ(complete(of_template("tailops://runs/{id}", "id", "")), Names{"first"});
    const std::string output{service::output_template};
    EXPECT_EQ(complete(of_template(output, "id", "sec"), "anna"), Names{"second"});
    EXPECT_EQ(complete(of_template(output, "stream", "std")), (Names{"stderr", "stdout"}));
    EXPECT_EQ(complete(of_template(output, "offset", "1")), Names{});
    EXPECT_EQ(complete(of_template(output, "target", "")).error().code(), Errc::not_found);
}

TEST_F(GatewayCompletionsTest, NameCommandsOfTheCatalogue)
{
    const auto query = of_template("tailops://commands/{command_name}", "command_name", "gr");
    EXPECT_EQ(complete(query), Names{"greet"});
    reload({rule("no-self", policy::Effect::deny, gateway_read())});
    EXPECT_EQ(complete(query), Names{}) << "who may not list them";
    auto of_status = rule("status", policy::Effect::allow, *parse_capability("system:read"));
    of_status.tools = {"get_system_status"};
    reload({of_status});
    EXPECT_EQ(complete(query), Names{}) << "who may run none of them";
}

TEST_F(GatewayCompletionsTest, NameTargetsToThoseWhoMayListThem)
{
    const auto of_resource = of_template("tailops://targets/{id}", "id", "");
    service::CompletionQuery of_prompt{.about = service::CompletionQuery::About::prompt,
                                       .name = "health_check",
                                       .argument = "target",
                                       .value = "",
                                       .context = {}};
    const auto allow_all = [] {
        policy::Rule rule;
        rule.id = RuleId{"all"};
        rule.effect = policy::Effect::allow;
        return rule;
    }();
    for (const auto& query : {of_resource, of_prompt}) {
        reload({allow_all});
        EXPECT_EQ(complete(query), (Names{"docker", "local"}));
        auto no_list = rule("no-list", policy::Effect::deny, gateway_read());
        no_list.tools = {"list_targets"};
        reload({allow_all, no_list});
        EXPECT_EQ(complete(query), Names{}) << "who may not list them";
        no_list.tools = {"list_runs"};
        reload({allow_all, no_list});
        EXPECT_EQ(complete(query), (Names{"docker", "local"}));
    }
}

TEST_F(GatewayCompletionsTest, AskEachEngineInACallOfItsOwn)
{
    policy::TargetFacts second;
    second.id = TargetId{"second"};
    second.offers = expand_scopes({"container:read"});
    second.kind = "docker";
    add_target(second, std::make_shared<FakeEngine>());
    auto query = container();
    query.context.clear();
    EXPECT_EQ(complete(query), Names{"web"});
    std::set<std::string> requests;
    for (const auto& record : rig_.trail.records) {
        if (record.phase == audit::Phase::intent) requests.insert(record.request.str());
    }
    EXPECT_EQ(requests.size(), 2U);
    EXPECT_TRUE(requests.contains("typing")) << "the request itself is the first";
}

TEST_F(GatewayCompletionsTest, KeepContainersForThoseOfTheSameRightsOnly)
{
    EXPECT_EQ(complete(container()), Names{"web"});
    EXPECT_EQ(complete(container()), Names{"web"});
    EXPECT_EQ(engine_->calls, 1) << "kept for a while";
    EXPECT_EQ(complete(container(), scoped("alice", {"system:read"})), Names{})
        << "a narrower token of the same subject";
    EXPECT_EQ(complete(container(), "mallory"), Names{});
    EXPECT_EQ(engine_->calls, 1);
}

TEST_F(GatewayCompletionsTest, AskEachTargetByACallWithAnIdOfItsOwn)
{
    policy::TargetFacts other;
    other.id = TargetId{"docker-2"};
    other.offers = expand_scopes({"container:read"});
    add_target(other, engine_);
    auto query = container();
    query.context.clear();
    EXPECT_EQ(complete(query), Names{"web"});
    std::set<std::string> requests;
    for (const auto& record : rig_.trail.records) requests.insert(record.request.str());
    EXPECT_EQ(engine_->calls, 2);
    EXPECT_EQ(requests.size(), 2U);
    EXPECT_EQ(rig_.runs->newest(10, [](const runs::RunRecord&) { return true; }).size(), 2U);
}

TEST_F(GatewayCompletionsTest, AskTargetsAtTheRateOfCalls)
{
    service::GatewayServiceSettings settings;
    settings.calls_per_minute = 2;
    serve(std::move(settings));
    EXPECT_EQ(complete(container()), Names{"web"});
    EXPECT_TRUE(service_->admit(rig_.principal("alice")));
    service::CompletionQuery services{.about = service::CompletionQuery::About::prompt,
                                      .name = "health_check",
                                      .argument = "service",
                                      .value = "",
                                      .context = {{"target", "local"}}};
    EXPECT_EQ(complete(services), Names{}) << "one count for both";
    EXPECT_EQ(complete(container()), Names{"web"}) << "what is known costs no call";
    EXPECT_EQ(service_->admit(rig_.principal("alice")).error().code(), Errc::busy)
        << "and the protocol asks for each completion";
    EXPECT_TRUE(service_->admit(rig_.principal("anna")));
    EXPECT_EQ(engine_->calls, 1);
}

TEST_F(GatewayCompletionsTest, NameServicesOfTheTargetThatIsChosen)
{
    service::CompletionQuery query{.about = service::CompletionQuery::About::prompt,
                                   .name = "health_check",
                                   .argument = "service",
                                   .value = "",
                                   .context = {{"target", "local"}}};
    EXPECT_EQ(complete(query), (Names{"ssh", "web"}));
    EXPECT_EQ(complete(query, scoped("alice", {"container:read"})), Names{}) << "may not ask";
    query.context = {{"target", "docker"}};
    EXPECT_EQ(complete(query), Names{}) << "has none";
    query.context.clear();
    EXPECT_EQ(complete(query), Names{}) << "of which target?";
}

TEST(RightsKey, TellsApartWhatRulesCanTellApart)
{
    const auto made = [](std::set<std::string> groups,
                         std::optional<std::set<std::string>> scopes) {
        auth::Principal principal;
        principal.identity.subject = SubjectId{"alice"};
        principal.identity.groups = std::move(groups);
        principal.identity.scopes = std::move(scopes);
        return service::rights_key(principal);
    };
    EXPECT_EQ(made({"a"}, {{"b"}}), made({"a"}, {{"b"}}));
    EXPECT_NE(made({}, std::nullopt), made({}, std::set<std::string>{}));
    EXPECT_NE(made({"scopes"}, std::nullopt), made({}, {{"scopes"}}));
    EXPECT_NE(made({"a\nb"}, std::nullopt), made({"a", "b"}, std::nullopt));
    EXPECT_NE(made({"a"}, {{"b"}}), made({"a"}, {{"c"}}));
}

}  // namespace
}  // namespace tailops::mcp
