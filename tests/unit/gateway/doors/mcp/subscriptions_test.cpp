#include "gateway/doors/mcp/subscriptions.hpp"

#include <gtest/gtest.h>

namespace tailops::mcp {
namespace {

Subscriptions::Stream stream(std::string principal, Interests interests)
{
    return {.id = MessageId{7},
            .principal = std::move(principal),
            .may_know = [](std::string_view) { return true; },
            .interests = std::move(interests),
            .outbox = std::make_shared<Outbox>(1),
            .greeting = "hello",
            .end = [] {}};
}

/// What waits in the outbox, the greeting first.
std::vector<std::string> said(Outbox& outbox)
{
    const auto reader = *outbox.attach(Outbox::Takeover::replace);
    std::vector<std::string> out;
    while (auto next = outbox.take(reader)) out.push_back(next->content.body);
    return out;
}

TEST(Subscriptions, TellWhatWasAskedForAndNothingElse)
{
    Subscriptions all{{.streams_max = 4, .per_principal_max = 4}};
    auto tools = stream("alice", {.tools = true, .uris = {}, .tasks = {}});
    auto one = stream("alice", {.uris = {"x://1"}, .tasks = {}});
    const auto tools_box = tools.outbox;
    const auto one_box = one.outbox;
    const auto place = all.add(std::move(tools));
    const auto other = all.add(std::move(one));
    all.publish(service::change::Tools{});
    all.publish(service::change::Prompts{});
    all.publish(service::change::Resource{"x://1"});
    all.publish(service::change::Resource{"x://2"});
    const auto told = said(*tools_box);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0], "hello");
    EXPECT_EQ(told[1], R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":)"
                       R"({"_meta":{"io.modelcontextprotocol/subscriptionId":7}}})");
    const auto told_one = said(*one_box);
    ASSERT_EQ(told_one.size(), 2U);
    EXPECT_NE(told_one[1].find(R"("uri":"x://1")"), std::string::npos);
}

TEST(Subscriptions, TellOfAListOnlyWhoMayKnowTheEntryThatChanged)
{
    Subscriptions all{{.streams_max = 4, .per_principal_max = 4}};
    auto knows = stream("alice", {.uris = {"x://all"}, .tasks = {}});
    auto does_not = stream("bob", {.uris = {"x://all"}, .tasks = {}});
    does_not.may_know = [](std::string_view uri) { return uri == "x://all"; };
    const auto knows_box = knows.outbox;
    const auto does_not_box = does_not.outbox;
    const auto place = all.add(std::move(knows));
    const auto other = all.add(std::move(does_not));
    all.publish(service::change::Resource{.uri = "x://all", .about = "x://1"});
    EXPECT_EQ(said(*knows_box).size(), 2U);
    EXPECT_EQ(said(*does_not_box).size(), 1U);
    all.publish(service::change::Resource{"x://all"});
    EXPECT_EQ(said(*does_not_box).size(), 1U) << "the list as a whole is its own";
}

TEST(Subscriptions, LetAWaitingNoticeStandForTheNextOfItsKind)
{
    Subscriptions all{{.streams_max = 4, .per_principal_max = 4}};
    auto tools = stream("alice", {.tools = true, .uris = {}, .tasks = {}});
    const auto box = tools.outbox;
    const auto place = all.add(std::move(tools));
    for (int i = 0; i < 1000; ++i) all.publish(service::change::Tools{});
    EXPECT_EQ(said(*box).size(), 2U);
    all.publish(service::change::Tools{});
    EXPECT_EQ(said(*box).size(), 1U);
}

TEST(Subscriptions, TellOfATaskOnlyToItsPrincipal)
{
    Subscriptions all{{.streams_max = 4, .per_principal_max = 4}};
    auto alice = stream("alice", {.uris = {}, .tasks = {"t1"}});
    auto bob = stream("bob", {.uris = {}, .tasks = {"t1"}});
    const auto alices = alice.outbox;
    const auto bobs = bob.outbox;
    const auto one = all.add(std::move(alice));
    const auto two = all.add(std::move(bob));
    all.publish(service::change::Task{"t1", "alice", R"({"taskId":"t1"})"});
    EXPECT_EQ(said(*alices).size(), 2U);
    EXPECT_EQ(said(*bobs).size(), 1U);
}

TEST(Subscriptions, AreBoundedInAllAndPerPrincipal)
{
    Subscriptions all{{.streams_max = 2, .per_principal_max = 1}};
    const auto interests = Interests{.tools = true, .uris = {}, .tasks = {}};
    const auto alice = all.add(stream("alice", interests));
    ASSERT_TRUE(alice);
    EXPECT_EQ(all.add(stream("alice", interests)).error().code(), Errc::busy);
    {
        const auto bob = all.add(stream("bob", interests));
        ASSERT_TRUE(bob);
        EXPECT_EQ(all.add(stream("carol", interests)).error().code(), Errc::busy);
    }
    EXPECT_TRUE(all.add(stream("carol", interests)));
}

TEST(Subscriptions, EndWhenTheyAreDrainedAndTakeNoMore)
{
    Subscriptions all{{.streams_max = 2, .per_principal_max = 2}};
    bool is_ended = false;
    auto one = stream("alice", {.tools = true, .uris = {}, .tasks = {}});
    one.end = [&is_ended] { is_ended = true; };
    const auto place = all.add(std::move(one));
    all.drain();
    EXPECT_TRUE(is_ended);
    EXPECT_EQ(all.add(stream("bob", {.tools = true, .uris = {}, .tasks = {}})).error().code(),
              Errc::unavailable);
}

}  // namespace
}  // namespace tailops::mcp
