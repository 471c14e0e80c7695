#include "gateway/doors/mcp/eras/legacy/session_store.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tailops::mcp::legacy {
namespace {

using namespace std::chrono_literals;

class FakeClock : public Clock {
public:
    TimePoint now() const override { return now_; }
    void advance(std::chrono::seconds time)
    {
        now_ += time;
        steady_ += time;
    }
    void jump(std::chrono::seconds time) { now_ += time; }
    AgeClock ages() const
    {
        return AgeClock{*this, [this] { return steady_; }};
    }

private:
    TimePoint now_{};
    AgeClock::Steady::time_point steady_{};
};

Session::Terms of(std::string principal)
{
    return {.principal = std::move(principal),
            .revision = newest_legacy,
            .client = "c",
            .capabilities = {}};
}

class Store : public ::testing::Test {
protected:
    std::shared_ptr<Session> open(std::string principal)
    {
        clock.advance(1s);
        auto session = store.open(of(std::move(principal)));
        return session ? *session : nullptr;
    }
    bool holds(const std::shared_ptr<Session>& session)
    {
        return store.find(session->id(), session->terms().principal) == session;
    }

    FakeClock clock;
    SessionStore store{clock.ages(),
                       {.sessions_max = 4, .per_principal_max = 2, .idle_timeout = 100s}};
};

TEST_F(Store, NamesSessionsUnguessably)
{
    std::set<std::string> names;
    for (int i = 0; i < 100; ++i) {
        const auto session = open("a");
        EXPECT_GE(session->id().size(), 32U);
        names.insert(session->id());
    }
    EXPECT_EQ(names.size(), 100U);
    EXPECT_EQ(store.size(), 2U);
}

TEST_F(Store, DoesNotAgeWhenTheClockIsSet)
{
    const auto session = open("a");
    for (const auto jump : {26h, -24h * 400}) {
        clock.jump(jump);
        EXPECT_TRUE(holds(session));
    }
    clock.advance(100s);
    EXPECT_FALSE(holds(session));
}

TEST_F(Store, TakesTheLeastRecentlyUsedOfTheSamePrincipal)
{
    const auto first = open("a"), second = open("a");
    EXPECT_TRUE(holds(first));
    const auto third = open("a");
    EXPECT_TRUE(holds(first));
    EXPECT_FALSE(holds(second));
    EXPECT_TRUE(holds(third));
    EXPECT_TRUE(second->is_ended());
}

TEST_F(Store, TakesNoneThatIsInUse)
{
    const auto first = open("a"), second = open("a");
    const auto listens = first->standalone()->attach(Outbox::Takeover::refuse);
    const auto also = second->standalone()->attach(Outbox::Takeover::refuse);
    ASSERT_TRUE(listens && also);
    EXPECT_EQ(store.open(of("a")).error().code(), Errc::busy);
    first->standalone()->detach(*listens);
    EXPECT_TRUE(open("a"));
    EXPECT_FALSE(holds(first));
}

TEST_F(Store, TakesNoneFromOthersWhenFull)
{
    for (const auto* who : {"a", "a", "b", "b"}) EXPECT_TRUE(open(who));
    EXPECT_EQ(store.open(of("c")).error().code(), Errc::busy);
    clock.advance(100s);
    EXPECT_TRUE(open("c")) << "the others have expired";
    EXPECT_EQ(store.size(), 1U);
}

TEST_F(Store, ExpiresTheIdleAndKeepsTheActive)
{
    const auto idle = open("a"), active = open("b");
    const auto reader = active->standalone()->attach(Outbox::Takeover::refuse);
    clock.advance(200s);
    EXPECT_FALSE(holds(idle));
    EXPECT_TRUE(holds(active));
    active->standalone()->detach(*reader);
    clock.advance(99s);
    EXPECT_TRUE(holds(active));
    clock.advance(100s);
    EXPECT_FALSE(holds(active));
}

TEST_F(Store, ClosesOnlyForItsPrincipal)
{
    const auto session = open("a");
    EXPECT_FALSE(store.close(session->id(), "b"));
    EXPECT_FALSE(store.find(session->id(), "b"));
    EXPECT_TRUE(store.close(session->id(), "a"));
    EXPECT_FALSE(store.close(session->id(), "a"));
}

TEST_F(Store, OpensNoneWhileItDrains)
{
    const auto session = open("a");
    store.drain();
    EXPECT_EQ(store.open(of("a")).error().code(), Errc::unavailable);
    EXPECT_TRUE(session->standalone()->is_closed());
    EXPECT_TRUE(holds(session)) << "calls under way go on";
    store.end_all();
    EXPECT_EQ(store.size(), 0U);
}

TEST(SessionFollowing, NeedsThatWhoFollowsAndWhoListensMayKnow)
{
    Session session{"s", of("a")};
    bool may_follower = true, may_listener = true;
    const service::change::Resource one{"x://1"};
    EXPECT_FALSE(session.is_to_be_told(one)) << "nobody follows";
    ASSERT_TRUE(session.follow("x://1", [&](std::string_view) { return may_follower; }));
    EXPECT_TRUE(session.is_to_be_told(one)) << "it waits for who will listen";
    session.listen([&](std::string_view) { return may_listener; });
    EXPECT_TRUE(session.is_to_be_told(one));
    may_follower = false;
    EXPECT_FALSE(session.is_to_be_told(one));
    may_follower = true;
    may_listener = false;
    EXPECT_FALSE(session.is_to_be_told(one));
    may_listener = true;
    session.unfollow("x://1");
    EXPECT_FALSE(session.is_to_be_told(one));
}

TEST(SessionStreams, AreBoundedAndFinishedOnesGoFirst)
{
    Session session{"s", of("a")};
    const auto waiting = session.open_stream(std::make_shared<Outbox>(1));
    std::vector<std::string> finished;
    for (std::size_t i = 0; i < Session::streams_kept_max; ++i) {
        const auto outbox = std::make_shared<Outbox>(1);
        outbox->answer({});
        finished.push_back(session.open_stream(outbox));
    }
    EXPECT_TRUE(session.find_stream(waiting));
    EXPECT_FALSE(session.find_stream(finished.front()));
    EXPECT_TRUE(session.find_stream(finished.back()));
    EXPECT_TRUE(session.find_stream("0"));
    EXPECT_FALSE(session.find_stream("-1"));
    EXPECT_FALSE(session.find_stream("x"));
}

}  // namespace
}  // namespace tailops::mcp::legacy
