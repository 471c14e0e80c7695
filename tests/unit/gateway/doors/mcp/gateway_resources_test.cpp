#include "gateway/doors/mcp/mcp_caller.hpp"
#include "tests/unit/gateway/doors/mcp/gateway_rig.hpp"

namespace tailops::mcp {
namespace {

using nlohmann::json;
using policy::Effect;
using Kind = service::ResourceAddress::Kind;

class GatewayResourcesTest : public GatewayRig {
protected:
    service::MayKnow knowledge_of(const auth::Principal& principal)
    {
        return [this, principal](std::string_view uri) {
            return service_->following(principal, uri) == service::Following::allowed;
        };
    }

    service::ToolResult call(const std::string& tool)
    {
        using Called = Result<service::ToolOutcome>;
        McpCaller caller{{.principal = rig_.principal("alice"), .request = RequestId{"calling"}},
                         nullptr};
        auto outcome = rig_.run_task<Called>([&]() -> Task<Called> {
            auto named = tool;
            auto nothing = std::make_shared<const json>(json::object());
            co_return co_await service_->call_tool(caller, std::move(named), std::move(nothing));
        });
        if (!outcome) throw std::runtime_error{outcome.error().describe()};
        return std::get<service::ToolResult>(*std::move(outcome));
    }
};

TEST_F(GatewayResourcesTest, AreFollowedByTheRightsOfTheMoment)
{
    const std::vector rules{rule("read", Effect::allow, {"system", "read"})};
    const policy::Role operators{.name = "operators",
                                 .subjects = {"alice"},
                                 .groups = {},
                                 .clients = {},
                                 .scopes = {"admin"}};
    reload(rules, {operators});
    auth::Identity identity;
    identity.subject = SubjectId{"alice"};
    identity.expires = auth::never;
    const auto alice = rig_.world->get()->gate->admit(identity);
    const std::string state{"tailops://targets/local/state"};
    EXPECT_EQ(service_->following(alice, state), service::Following::allowed);
    reload(rules);
    EXPECT_EQ(service_->following(alice, state), service::Following::hidden) << "her role is gone";
    reload({}, {operators});
    EXPECT_EQ(service_->following(alice, state), service::Following::hidden) << "the rule is gone";
    reload(rules, {operators});
    EXPECT_EQ(service_->following(alice, state), service::Following::allowed);
}

TEST_F(GatewayResourcesTest, TellOfATargetOnlyWhoMaySeeIt)
{
    const auto alice = knowledge_of(rig_.principal("alice"));
    const auto mallory = knowledge_of(rig_.principal("mallory"));
    EXPECT_TRUE(mallory("tailops://targets")) << "she may follow her own list";
    const auto changes = service::changes_of_target(TargetId{"local"});
    ASSERT_EQ(changes.size(), 3U);
    EXPECT_EQ(changes.front().uri, "tailops://targets");
    for (const auto& change : changes) {
        EXPECT_TRUE(service::may_be_told(change, alice)) << change.uri;
        EXPECT_FALSE(service::may_be_told(change, mallory)) << change.uri;
    }
}

TEST_F(GatewayResourcesTest, AreFollowedOrCannotBeOrAreNotThere)
{
    const auto alice = rig_.principal("alice");
    const std::map<std::string, service::Following> rows{
        {"tailops://me", service::Following::allowed},
        {"tailops://tools", service::Following::allowed},
        {"tailops://targets", service::Following::allowed},
        {"tailops://targets/local", service::Following::allowed},
        {"tailops://targets/local/state", service::Following::allowed},
        {"tailops://commands/greet", service::Following::allowed},
        {"tailops://commands/nothing", service::Following::hidden},
        {"tailops://audit", service::Following::never},
        {"tailops://runs/r1", service::Following::never},
        {"tailops://runs/r1/stdout", service::Following::never},
        {"tailops://targets/nowhere", service::Following::hidden},
        {"tailops://nothing", service::Following::hidden},
        {"file:///etc/passwd", service::Following::hidden},
    };
    for (const auto& [uri, following] : rows) {
        EXPECT_EQ(service_->following(alice, uri), following) << uri;
    }
}

TEST_F(GatewayResourcesTest, ReadAnOutputInPagesEachNamingTheNext)
{
    const auto answer = rig_.command("count");
    ASSERT_TRUE(answer);
    std::string uri{text_member(*answer->content, "read_more")};
    ASSERT_EQ(uri, "tailops://runs/r1/stdout");
    std::string text;
    std::size_t pages = 0;
    while (!uri.empty() && ++pages < 100) {
        const auto page = read(uri);
        ASSERT_TRUE(page) << uri;
        text += text_member(*page, "text");
        uri = std::string{text_member(*page, "next")};
    }
    EXPECT_GT(pages, 2U);
    std::string printed;
    for (int i = 1; i <= 20000; ++i) printed += std::to_string(i) + '\n';
    EXPECT_EQ(text, printed);
    const auto end = "tailops://runs/r1/stdout?offset=" + std::to_string(printed.size());
    EXPECT_TRUE(read(end)) << "where a running call may write more";
}

TEST_F(GatewayResourcesTest, HaveNoPageThatIsNotThere)
{
    ASSERT_TRUE(rig_.command("count"));
    const std::string run{"tailops://runs/r1"};
    const std::vector<std::string> uris{
        run + "/stdout?offset=999999",
        run + "/stdout?offset=-1",
        run + "/stdout?offset=",
        run + "/stdout?offset=1x",
        run + "/stdout?offset=01",
        run + "/stdout?offset=9999999999999999999999",
        run + "/stdout?limit=5",
        run + "/stdout?offset=1&offset=2",
        run + "/stdlog",
        run + "/stdout/more",
        run + "/stderr",
        run + "?offset=1",
        "tailops://runs/a.b",
        "tailops://runs/a.b/stdout",
        "tailops://runs/" + std::string(65, 'x') + "/stdout",
        "tailops://runs/" + std::string(65, 'x'),
        "tailops://runs/",
        "tailops://me?offset=1",
        "tailops://targets/",
        "tailops://targets/local?offset=0",
    };
    for (const auto& uri : uris) {
        const auto page = read(uri);
        ASSERT_FALSE(page) << uri;
        EXPECT_EQ(page.error().code(), Errc::not_found) << uri;
        EXPECT_EQ(page.error().public_message(), "resource not found") << uri;
    }
    EXPECT_FALSE(read(run + "/stdout", "anna")) << "another's run";
    EXPECT_TRUE(read(run + "/stdout?offset=0"));
    EXPECT_TRUE(read(run));
}

TEST_F(GatewayResourcesTest, SayWhatACommandIs)
{
    const auto command = read("tailops://commands/greet");
    ASSERT_TRUE(command);
    EXPECT_EQ(text_member(*command, "command"), "echo hello");
    EXPECT_EQ(read("tailops://commands/nothing").error().code(), Errc::not_found);
    auto of_status = rule("status", Effect::allow, *parse_capability("system:read"));
    of_status.tools = {"get_system_status"};
    reload({of_status});
    const auto hidden = read("tailops://commands/greet");
    ASSERT_FALSE(hidden) << "nobody may run it";
    EXPECT_EQ(hidden.error().describe(), read("tailops://commands/nothing").error().describe());
    EXPECT_EQ(service_->following(rig_.principal("alice"), "tailops://commands/greet"),
              service::Following::hidden);
}

TEST_F(GatewayResourcesTest, AreListedOnlyWhereTheyCanBeRead)
{
    EXPECT_EQ(listed("alice"),
              (std::set<std::string>{"tailops://audit", "tailops://me", "tailops://targets",
                                     "tailops://tools", "tailops://targets/local",
                                     "tailops://commands/{command_name}", "tailops://runs/{id}",
                                     std::string{service::output_template},
                                     "tailops://targets/{id}", "tailops://targets/{id}/state"}));
    auto no_self = rule("no-self", Effect::deny, gateway_read());
    no_self.principals.subjects = {"alice"};
    reload({no_self});
    EXPECT_EQ(listed("alice"), std::set<std::string>{});
    for (const auto* uri : {"tailops://me", "tailops://targets", "tailops://runs/r1",
                            "tailops://audit", "tailops://tools"}) {
        EXPECT_EQ(read(uri).error().code(), Errc::denied) << uri;
        EXPECT_EQ(service_->following(rig_.principal("alice"), uri), service::Following::hidden)
            << uri;
    }
    EXPECT_TRUE(read("tailops://me", "anna"));
    EXPECT_TRUE(read("tailops://audit", "anna"));
    EXPECT_TRUE(read("tailops://tools", "anna"));
}

TEST_F(GatewayResourcesTest, AreAboutNoToolWhereNoneTellsThem)
{
    auto no_whoami = rule("no-whoami", Effect::deny, gateway_read());
    no_whoami.tools = {"whoami", "list_runs"};
    reload({no_whoami});
    EXPECT_EQ(read("tailops://me").error().code(), Errc::denied);
    for (const auto* uri : {"tailops://audit", "tailops://tools"}) {
        EXPECT_TRUE(read(uri)) << uri;
        EXPECT_TRUE(listed("alice").contains(uri)) << uri;
    }
    const auto no_scope = scoped("alice", {});
    EXPECT_TRUE(read("tailops://audit", no_scope)) << "everyone may ask the gateway";
    auto asks = rule("asks", Effect::require_approval, gateway_read());
    reload({asks});
    EXPECT_EQ(read("tailops://audit").error().code(), Errc::approval_required);
}

TEST_F(GatewayResourcesTest, LeaveARecordWhetherReadOrRefused)
{
    ASSERT_TRUE(read("tailops://audit"));
    reload({rule("no", Effect::deny, gateway_read())});
    ASSERT_FALSE(read("tailops://tools"));
    ASSERT_EQ(rig_.trail.records.size(), 2U);
    const auto& [was_read, refused] = std::tie(rig_.trail.records[0], rig_.trail.records[1]);
    EXPECT_EQ(was_read.tool.view(), "resources/read");
    EXPECT_EQ(was_read.outcome, "ok");
    EXPECT_EQ(was_read.phase, audit::Phase::outcome);
    EXPECT_EQ(was_read.rule, "allow");
    EXPECT_NE(was_read.parameters.find("tailops://audit"), std::string::npos);
    EXPECT_EQ(refused.outcome, "refused");
    EXPECT_EQ(refused.rule, "no");
    rig_.trail.is_broken = true;
    reload({});
    EXPECT_EQ(read("tailops://audit").error().code(), Errc::unavailable);
}

TEST_F(GatewayResourcesTest, AreReadAtTheRateOfToolCalls)
{
    service::GatewayServiceSettings settings;
    settings.calls_per_minute = 3;
    serve(std::move(settings));
    EXPECT_EQ(read("tailops://nothing").error().code(), Errc::not_found) << "costs nothing";
    EXPECT_TRUE(read("tailops://me"));
    EXPECT_TRUE(read("tailops://targets/local/state"));
    EXPECT_FALSE(call("whoami").is_error);
    for (const auto* uri : {"tailops://targets", "tailops://tools", "tailops://audit",
                            "tailops://runs/r1", "tailops://commands/greet"}) {
        const auto refused = read(uri);
        ASSERT_FALSE(refused) << uri;
        EXPECT_EQ(refused.error().code(), Errc::busy) << uri;
        EXPECT_NE(refused.error().public_message().find("; wait "), std::string::npos) << uri;
    }
    EXPECT_TRUE(call("whoami").is_error) << "one count for both";
    EXPECT_EQ(read("tailops://nothing").error().code(), Errc::not_found);
    EXPECT_TRUE(read("tailops://me", "anna"));
}

TEST(ResourceAddress, KnowsWhatItNames)
{
    const auto page = service::parse_resource_address("tailops://runs/r-1/stderr?offset=16384");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->kind, Kind::output);
    EXPECT_EQ(page->id, "r-1");
    EXPECT_EQ(page->stream, targets::OutputStream::diagnostics);
    EXPECT_EQ(page->offset, 16384U);
    EXPECT_EQ(service::output_page_uri(*page, 7), "tailops://runs/r-1/stderr?offset=7");
    EXPECT_EQ(service::parse_resource_address(service::target_uri("web-01") + "/state")->kind,
              Kind::target_state);
}

}  // namespace
}  // namespace tailops::mcp
