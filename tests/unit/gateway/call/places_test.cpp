#include "gateway/runs/spool.hpp"
#include "policy/pattern.hpp"
#include "tests/unit/gateway/call/call_rig.hpp"
#include "tests/unit/gateway/call/runs_rig.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

/// Conditions on a path hold of what was opened, through the real scripts on this machine.
namespace tailops::call {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using policy::Effect;
using ::testing::HasSubstr;

class PlacesTest : public ::testing::Test {
protected:
    PlacesTest()
    {
        root_ = fs::canonical(directory_.path());
        for (const auto* folder : {"pub", "priv/inner"}) fs::create_directories(root_ / folder);
        write("pub/plain", "PLAIN\n");
        write("pub/own.sec", "OWN\n");
        write("priv/plan", "PRIVATE\n");
        write("priv/inner/merger", "PRIVATE\n");
        fs::create_directory_symlink("../priv", root_ / "pub/down");
        fs::create_symlink("../priv/plan", root_ / "pub/lnk");
        fs::create_symlink("own.sec", root_ / "pub/notes");
        fs::create_symlink("plain", root_ / "pub/current");
        auto world = std::make_shared<World>(*rig_.world->get());
        const auto target = world->registry->find(TargetId{"local"});
        auto spec = target->spec;
        spec.file_roots = {root_.string()};
        world->registry = std::make_shared<const targets::Registry>(
            std::vector<std::shared_ptr<const targets::Target>>{
                std::make_shared<const targets::Target>(targets::Target{spec, target->executor})});
        rig_.world->swap(std::move(world));
    }

    void write(const fs::path& path, std::string_view text) { std::ofstream{root_ / path} << text; }

    static policy::Rule rule(std::string id, Effect effect, policy::Constraint path)
    {
        policy::Rule rule;
        rule.id = RuleId{std::move(id)};
        rule.effect = effect;
        rule.at_most = Tier::control;
        rule.tools = {"file_operations"};
        rule.parameters["path"] = std::move(path);
        return rule;
    }
    policy::Constraint under(const char* folder) const
    {
        policy::Constraint out;
        out.path_under = {*folder == 0 ? root_.string() : (root_ / folder).string()};
        return out;
    }
    static policy::Constraint like(const std::string& pattern, Effect effect)
    {
        policy::Constraint out;
        out.pattern = *policy::compile_pattern(pattern, effect);
        return out;
    }
    void use(std::vector<policy::Rule> rules)
    {
        policy::Policy policy;
        policy.rules = std::move(rules);
        rig_.swap_gate(std::make_shared<const policy::Gate>(std::move(policy)));
    }

    Result<Answer> ask(const char* action, const char* path, json more = json::object())
    {
        more["target"] = "local";
        more["action"] = action;
        more["path"] = (root_ / path).string();
        return rig_.run(rig_.invocation("file_operations", std::move(more)));
    }
    void expect_denied(const char* action, const char* path)
    {
        const auto answer = ask(action, path);
        ASSERT_FALSE(answer) << action << path << answer->content->dump();
        EXPECT_EQ(answer.error().code(), Errc::denied) << path;
        EXPECT_THAT(answer.error().public_message(), HasSubstr("leads elsewhere")) << path;
        EXPECT_EQ(answer.error().public_message().find("priv"), std::string::npos) << path;
        const auto& record = rig_.trail.records.back();
        EXPECT_EQ(record.phase, audit::Phase::outcome);
        EXPECT_EQ(record.outcome, "refused");
        EXPECT_THAT(record.detail, HasSubstr("opened " + root_.string() + '/'));
    }

    testing::TemporaryDirectory directory_;
    fs::path root_;
    CallRig rig_{runs_catalogue};
};

TEST_F(PlacesTest, ALinkDoesNotLeadAroundAnAllowedFolder)
{
    use({rule("low-files", Effect::allow, under("pub"))});
    EXPECT_EQ(ask("read", "pub/plain")->content->at("content"), "PLAIN\n");
    const auto within = ask("read", "pub/current");
    ASSERT_TRUE(within) << within.error().describe();
    EXPECT_EQ(within->content->at("content"), "PLAIN\n");
    EXPECT_EQ(within->content->at("opened"), (root_ / "pub/plain").string());
    EXPECT_THAT(rig_.trail.records.back().detail, HasSubstr("opened " + root_.string()));
    for (const auto* action : {"read", "tail"}) {
        expect_denied(action, "pub/lnk");
        expect_denied(action, "pub/down/plan");
        expect_denied(action, "pub/down/no-such");
    }
    for (const auto* action : {"list", "search"}) {
        expect_denied(action, "pub/down");
        expect_denied(action, "pub/down/inner");
    }
    expect_denied("info", "pub/down/plan");
    // Of a link in an open folder it may be told that it is one.
    EXPECT_EQ(ask("info", "pub/lnk")->content->at("type"), "symlink");
}

TEST_F(PlacesTest, ALinkDoesNotLeadAroundADenyingRule)
{
    use({rule("all", Effect::allow, under("")),
         rule("no-sec", Effect::deny, like(".*/own\\.(sec|pem)", Effect::deny)),
         rule("no-entry", Effect::deny, under("priv"))});
    EXPECT_TRUE(ask("read", "pub/plain"));
    EXPECT_FALSE(ask("read", "pub/own.sec"));
    expect_denied("read", "pub/notes");
    expect_denied("read", "pub/lnk");
    expect_denied("list", "pub/down");
}

TEST_F(PlacesTest, AnApprovalIsAskedForTheOpenedPlaceToo)
{
    use({rule("all", Effect::allow, under("")),
         rule("ask", Effect::require_approval, under("priv"))});
    const auto answer = ask("read", "pub/lnk");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::approval_required);
    auto dry = rule("dry", Effect::dry_run_only, under("priv"));
    use({rule("all", Effect::allow, under("")), dry});
    EXPECT_EQ(ask("read", "pub/lnk").error().code(), Errc::denied);
    auto narrow = rule("narrow", Effect::allow, under("priv"));
    narrow.obligations.output_limit_bytes = 100;
    use({rule("pub", Effect::allow, under("pub")), narrow});
    EXPECT_THAT(ask("read", "pub/lnk").error().public_message(), HasSubstr("stricter obligations"));
}

TEST_F(PlacesTest, AnOutputLimitThatLeavesNoRoomForThePlaceSaysSo)
{
    auto narrow = rule("narrow", Effect::allow, under(""));
    narrow.obligations.output_limit_bytes = 40;
    use({narrow});
    const auto answer = ask("read", "pub/lnk");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::unavailable);
    EXPECT_THAT(answer.error().public_message(), HasSubstr("output_limit"));
}

TEST_F(PlacesTest, NamesOfADeniedFolderDoNotComeFromAbove)
{
    use({rule("all", Effect::allow, under("")), rule("no-entry", Effect::deny, under("priv"))});
    const auto found = ask("search", "");
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->content->dump().find("merger"), std::string::npos);
    EXPECT_THAT(found->content->dump(), HasSubstr("pub/plain"));
    EXPECT_EQ(found->content->at("withheld"), 2);
    const auto list = ask("list", "");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->content->at("directories"), json::array({"pub"}));
    EXPECT_EQ(list->content->at("withheld"), 1);
    // An allow about the folder gives the names in it.
    use({rule("pub", Effect::allow, like(root_.string() + "/pub", Effect::allow))});
    EXPECT_EQ(ask("list", "pub")->content->at("total"), 6);
}

TEST_F(PlacesTest, WhatIsDeniedIsNotKeptEither)
{
    runs::SpoolSettings settings{.folder = directory_.path() / "spool"};
    auto spool = runs::Spool::open(settings, rig_.clock, rig_.runtime->blocking);
    ASSERT_TRUE(spool);
    rig_.start(*std::move(spool));
    std::string lines;
    for (int i = 0; i < 30'000; ++i)
        lines += "PRIVATE line of a long file " + std::to_string(i) + '\n';
    write("priv/long", lines);
    write("pub/long", lines);
    fs::create_symlink("../priv/long", root_ / "pub/long-link");
    use({rule("low-files", Effect::allow, under("pub"))});
    EXPECT_FALSE(ask("read", "pub/long-link", {{"lines", 5000}}));
    for (const auto& entry : fs::recursive_directory_iterator{settings.folder}) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file{entry.path()};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        EXPECT_EQ(text.find("PRIVATE"), std::string::npos) << entry.path();
    }
    const auto open = ask("read", "pub/long", {{"lines", 5000}});
    ASSERT_TRUE(open) << open.error().describe();
    EXPECT_TRUE(open->content->contains("read_more"));
    rig_.stop();
}

}  // namespace
}  // namespace tailops::call
