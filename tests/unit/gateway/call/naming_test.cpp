#include "tests/unit/gateway/call/world_rig.hpp"

#include <gmock/gmock.h>

namespace tailops::call {
namespace {

using policy::Effect;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Whatever a container is called: rules go by its name.
class ContainerNames : public WorldRig {
protected:
    Result<Answer> stop(const std::string& word)
    {
        engine_->operations.clear();
        return call("manage_container",
                    {{"target", "dock"}, {"action", "stop"}, {"name_or_id", word}});
    }
    static policy::Rule on_name(Effect effect, const std::string& name)
    {
        auto out = rule("on-name", effect);
        out.tools = {"manage_container", "inspect_container", "get_container_logs"};
        out.parameters["name_or_id"].equals = policy::Value{name};
        return out;
    }
    static policy::Rule everything() { return rule("everything", Effect::allow); }
};

TEST_F(ContainerNames, ADenialHoldsForTheIdAndItsBeginning)
{
    allow({everything(), on_name(Effect::deny, "db")});
    for (const auto& word : {std::string{"db"}, std::string{"4f1c"}, db_id.substr(0, 12), db_id}) {
        const auto refused = stop(word);
        ASSERT_FALSE(refused) << word;
        EXPECT_EQ(refused.error().code(), Errc::denied) << word;
        for (const auto& path : engine_paths()) EXPECT_FALSE(path.starts_with("POST")) << path;
    }
    EXPECT_TRUE(stop("web"));
    EXPECT_TRUE(stop("4faa")) << "the id of another";
}

TEST_F(ContainerNames, ADenialByIdHoldsForTheName)
{
    for (const auto& id : {db_id, db_id.substr(0, 12)}) {
        allow({everything(), on_name(Effect::deny, id)});
        EXPECT_FALSE(stop("db")) << id;
        EXPECT_FALSE(stop("4f1c")) << id;
        EXPECT_TRUE(stop("web")) << id;
    }
}

TEST_F(ContainerNames, AnAllowanceGoesByTheName)
{
    allow({on_name(Effect::allow, "db")});
    EXPECT_TRUE(stop("db"));
    EXPECT_TRUE(stop("4f1c")) << "is db";
    EXPECT_FALSE(stop("web"));
    EXPECT_FALSE(stop("4faa")) << "is web";
}

TEST_F(ContainerNames, TheCallActsOnTheFullIdThatWasDecidedOn)
{
    allow({everything(), on_name(Effect::deny, "web")});
    ASSERT_TRUE(stop("4f1c"));
    EXPECT_THAT(engine_paths(),
                ElementsAre("GET /containers/4f1c/json", "POST /containers/" + db_id + "/stop"));
    ASSERT_TRUE(stop("db"));
    EXPECT_EQ(engine_paths().back(), "POST /containers/" + db_id + "/stop");
}

TEST_F(ContainerNames, NothingIsAskedWhereNoRuleSpeaksOfTheName)
{
    allow({everything()});
    ASSERT_TRUE(stop("4f1c"));
    EXPECT_THAT(engine_paths(), ElementsAre("POST /containers/4f1c/stop"));
    auto elsewhere = on_name(Effect::deny, "db");
    elsewhere.targets.ids = {"other"};
    allow({everything(), elsewhere});
    ASSERT_TRUE(stop("4f1c"));
    EXPECT_EQ(engine_->operations.size(), 1U);
}

TEST_F(ContainerNames, NothingIsAskedOfOneWhoMayNot)
{
    auto of_others = everything();
    of_others.principals.subjects = {"bob"};
    auto look = everything();
    look.at_most = Tier::observe;
    allow({of_others, look, on_name(Effect::deny, "db")});
    EXPECT_EQ(stop("4f1c").error().code(), Errc::denied);
    EXPECT_EQ(engine_->operations.size(), 0U);
    // Nor where the word itself is denied.
    allow({everything(), on_name(Effect::deny, "db")});
    EXPECT_FALSE(stop("db"));
    EXPECT_EQ(engine_->operations.size(), 0U);
}

TEST_F(ContainerNames, TheAnswerAndTheRecordHaveBothNames)
{
    allow({everything(), on_name(Effect::require_approval, "db")});
    const auto asked = stop("4f1c");
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code(), Errc::approval_required);
    EXPECT_EQ(asked.error().public_message(),
              "approval required: decided by rule on-name; \"4f1c\" is container \"db\"");
    ASSERT_FALSE(rig_.trail.records.empty());
    const auto& record = rig_.trail.records.back();
    EXPECT_THAT(record.parameters, HasSubstr("4f1c"));
    EXPECT_THAT(record.why, HasSubstr("\"4f1c\" is container \"db\""));
    ASSERT_TRUE(stop("4faa"));
    EXPECT_THAT(rig_.trail.records.front().why, HasSubstr("container"));
    EXPECT_THAT(rig_.trail.records.back().why, HasSubstr("\"4faa\" is container \"web\""));
}

TEST_F(ContainerNames, WhatIsNotThereIsNotActedOn)
{
    allow({everything(), on_name(Effect::deny, "db")});
    const auto gone = stop("mail");
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code(), Errc::not_found);
    EXPECT_EQ(gone.error().public_message(), "no container \"mail\" on this target");
    EXPECT_THAT(engine_paths(), ElementsAre("GET /containers/mail/json"));
    // Of what one may not use, there or not, nothing is told.
    allow({on_name(Effect::allow, "db")});
    EXPECT_EQ(stop("mail").error().code(), Errc::denied);
    EXPECT_EQ(stop("web").error().code(), Errc::denied);
    EXPECT_EQ(stop("mail").error().public_message(), stop("web").error().public_message());
    EXPECT_EQ(stop("4faa").error().public_message(), "no rule matched");
    EXPECT_THAT(rig_.trail.records.back().why, HasSubstr("\"4faa\" is container \"web\""));
}

TEST_F(ContainerNames, NothingIsDoneWhenItCannotBeFoundOut)
{
    allow({everything(), on_name(Effect::deny, "db")});
    engine_->failure = Error{Errc::unreachable, "the engine cannot be reached"};
    const auto unknown = stop("4f1c");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), Errc::unreachable);
    EXPECT_TRUE(unknown.error().has_nothing_begun());
    EXPECT_EQ(engine_->operations.size(), 1U);
    ASSERT_FALSE(rig_.trail.records.empty());
    EXPECT_EQ(rig_.trail.records.back().outcome, "unreachable");
    EXPECT_EQ(rig_.trail.records.back().effect, Effect::deny);
}

TEST_F(ContainerNames, NothingIsAskedThatCannotBeRecorded)
{
    allow({everything(), on_name(Effect::deny, "db")});
    rig_.trail.is_broken = true;
    EXPECT_EQ(stop("4faa").error().code(), Errc::unavailable);
    EXPECT_EQ(engine_->operations.size(), 0U);
}

TEST_F(ContainerNames, HoldsForEveryToolThatTakesOne)
{
    allow({everything(), on_name(Effect::deny, "db")});
    for (const auto* tool : {"inspect_container", "get_container_logs"}) {
        const json of_db{{"target", "dock"}, {"name_or_id", "4f1c"}};
        EXPECT_EQ(call(tool, of_db).error().code(), Errc::denied) << tool;
        const json of_web{{"target", "dock"}, {"name_or_id", "4faa"}};
        EXPECT_TRUE(call(tool, of_web)) << tool;
    }
}

/// Conditions see what the server gets, and denials also what it may take that for.
class ApiPaths : public WorldRig {
protected:
    std::optional<Errc> asked(const std::string& path)
    {
        api_->operations.clear();
        const auto answer = call("http_request", {{"target", "api"}, {"path", path}});
        return answer ? std::nullopt : std::optional{answer.error().code()};
    }
    static policy::Rule on_path(Effect effect, policy::Constraint condition)
    {
        auto out = rule("on-path", effect);
        out.tools = {"http_request"};
        out.parameters["path"] = std::move(condition);
        return out;
    }
};

TEST_F(ApiPaths, ADenialHoldsForEverySpelling)
{
    policy::Constraint under_admin;
    under_admin.path_under = {"/admin"};
    allow({rule("everything", Effect::allow), on_path(Effect::deny, under_admin)});
    for (const auto* path : {"/admin", "/admin/", "/admin/y", "/admin/y/", "/ADMIN/y", "/Admin"}) {
        EXPECT_EQ(asked(path), Errc::denied) << path;
    }
    for (const auto* path : {"/%61dmin/y", "/admin;x/y", "/admin%3Bx/y", "/admin%20/y",
                             "/x/..;/admin", "/x/..%3Bx/admin", "/admin%2Fy"}) {
        EXPECT_EQ(asked(path), Errc::invalid_argument) << path;
        EXPECT_TRUE(api_->operations.empty()) << path;
    }
    for (const auto* path : {"/", "/administrators", "/public/admin", "/admin.txt"}) {
        EXPECT_EQ(asked(path), std::nullopt) << path;
    }
    policy::Constraint admin_itself;
    admin_itself.equals = policy::Value{"/admin"};
    allow({rule("everything", Effect::allow), on_path(Effect::deny, admin_itself)});
    for (const auto* path : {"/admin", "/admin/", "/ADMIN/"}) {
        EXPECT_EQ(asked(path), Errc::denied) << path;
    }
    EXPECT_EQ(asked("/admin/y"), std::nullopt);
}

TEST_F(ApiPaths, AnAllowanceHoldsForTheOneSpelling)
{
    policy::Constraint under_public;
    under_public.path_under = {"/public"};
    allow({on_path(Effect::allow, under_public)});
    for (const auto* path : {"/public", "/public/", "/public/a/"}) {
        EXPECT_EQ(asked(path), std::nullopt) << path;
    }
    for (const auto* path : {"/PUBLIC/a", "/publicity", "/"}) {
        EXPECT_EQ(asked(path), Errc::denied) << path;
    }
}

}  // namespace
}  // namespace tailops::call
