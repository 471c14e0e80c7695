#include "tests/unit/gateway/call/call_rig.hpp"

#include <gmock/gmock.h>

/// What neither an answer nor a record may hold.
namespace tailops::call {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// None of these is one.
constexpr auto catalogue = R"(commands:
  - {name: leak, description: "Print something secret", command_template: "echo a ghp_0123456789abcdefABCDEF0123456789abcd b", category: custom}
  - {name: own, description: "Print a secret of ours", command_template: "echo x second-credential-111 y", category: custom}
  - {name: greet, description: "Say hello to the world", command_template: "echo hello", category: custom}
)";

class SecretsTest : public ::testing::Test {
protected:
    SecretsTest()
    {
        auto world = std::make_shared<World>(*rig_.world->get());
        world->secrets = secrets_;
        rig_.world->swap(std::move(world));
    }
    void expect_no_record_of(std::string_view secret)
    {
        ASSERT_FALSE(rig_.trail.records.empty());
        for (const auto& record : rig_.trail.records) {
            for (const auto& text : {record.parameters, record.why, record.detail,
                                     record.target.str(), record.tool.str()}) {
                EXPECT_EQ(text.find(secret), std::string::npos) << text;
            }
        }
    }

    std::shared_ptr<SecretRegistry> secrets_{std::make_shared<SecretRegistry>()};
    CallRig rig_{catalogue};
};

TEST_F(SecretsTest, AreTakenOutOfWhatACommandPrintsAndThatIsSaid)
{
    const auto answer = rig_.command("leak");
    ASSERT_TRUE(answer) << answer.error().describe();
    const auto output = answer->content->at("output").get<std::string>();
    EXPECT_THAT(output, ::testing::StartsWith("a [redacted: token]"));
    EXPECT_THAT(output, ::testing::EndsWith(" b\n"));
    EXPECT_THAT(output, Not(HasSubstr("ghp_")));
    EXPECT_EQ(answer->content->at("redacted"), json::array({"token"}));
    EXPECT_FALSE(rig_.command("greet")->content->contains("redacted"));
}

TEST_F(SecretsTest, ThatTheGatewayLearnsLaterAreKnownAtOnce)
{
    EXPECT_THAT(rig_.command("own")->content->dump(), HasSubstr("second-credential-111"));
    secrets_->add(Secret{"second-credential-111"});
    const auto answer = rig_.command("own");
    EXPECT_THAT(answer->content->dump(), Not(HasSubstr("second-credential")));
    EXPECT_THAT(answer->content->at("output").get<std::string>(), HasSubstr("x [redacted]"));
}

TEST_F(SecretsTest, DoNotStandInAnyPartOfARecord)
{
    secrets_->add(Secret{"second-credential-111"});
    const auto jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLXRoaXM";
    for (const std::string secret : {"second-credential-111", jwt}) {
        rig_.trail.records.clear();
        EXPECT_FALSE(
            rig_.run(rig_.invocation("get_system_status", {{"target", "Bearer " + secret}})));
        EXPECT_FALSE(rig_.run(rig_.invocation("no " + secret, json::object())));
        EXPECT_FALSE(rig_.run(rig_.invocation(
            "file_operations",
            {{"target", "local"}, {"action", "read"}, {"path", "/etc/../x?api_key=" + secret}})));
        EXPECT_FALSE(rig_.run(rig_.invocation(
            "get_top_processes", {{"target", "local"}, {"limit", "token=" + secret}})));
        expect_no_record_of(secret.substr(secret.size() / 2));
    }
}

TEST_F(SecretsTest, AreNoPartOfTheHashOfLongArguments)
{
    secrets_->add(Secret{"second-credential-111"});
    const auto hash = [&](const std::string& end) {
        rig_.trail.records.clear();
        (void)rig_.run(rig_.invocation("get_system_status",
                                       {{"target", "local"}, {"x", std::string(5000, 'p') + end}}));
        return rig_.trail.records.front().parameters_sha256;
    };
    EXPECT_EQ(hash("1").size(), 64U);
    EXPECT_NE(hash("1"), hash("2"));
    EXPECT_EQ(hash("second-credential-111"), hash("[redacted]"));
}

TEST_F(SecretsTest, AreNotLookedForInWhatNobodyWillSee)
{
    std::string text;
    while (text.size() < 3'900'000) text += "key=x;";
    EXPECT_FALSE(
        rig_.run(rig_.invocation("get_system_status", {{"target", "local"}, {"x", text}})));
    EXPECT_FALSE(rig_.run(rig_.invocation("get_system_status", {{"target", text}})));
    for (const auto& record : rig_.trail.records) {
        EXPECT_LE(record.parameters.size(), 2048U);
        EXPECT_LE(record.target.view().size(), 200U);
    }
}

}  // namespace
}  // namespace tailops::call
