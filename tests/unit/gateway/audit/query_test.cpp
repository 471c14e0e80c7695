#include "gateway/audit/reader.hpp"
#include "gateway/core/text.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

namespace tailops::audit {
namespace {

class FakeClock : public Clock {
public:
    TimePoint now() const override { return time; }
    TimePoint time{*parse_rfc3339("2026-11-20T12:00:00Z")};
};

/// Three files: alice restarts on web-01, one minute apart; bob is denied on db-01 in between.
class QueryTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto settings = directory.settings();
        settings.rotate_bytes = 3000;
        auto trail = JsonlTrail::open(std::move(settings), clock);
        ASSERT_TRUE(trail);
        for (const auto* request : {"a", "b", "c", "d"}) {
            ASSERT_TRUE(directory.append(**trail, intent(request)));
            auto denied = intent(std::string{"denied-"} + request);
            denied.subject = "https://idp.example|bob";
            denied.name = "bob";
            denied.target = TargetId{"db-01"};
            denied.effect = policy::Effect::deny;
            denied.outcome = "refused";
            ASSERT_TRUE(directory.append(**trail, denied));
            ASSERT_TRUE(directory.append(**trail, outcome(request)));
            clock.time += std::chrono::minutes{1};
        }
    }

    std::vector<std::string> requests(const Query& wanted) const
    {
        std::vector<std::string> requests;
        for (const auto& found : directory.found(wanted)) {
            requests.push_back(found.record.request.str() +
                               (found.kind == LineKind::outcome ? "!" : ""));
        }
        return requests;
    }

    FakeClock clock;
    TrailDirectory directory;
};

using Texts = std::vector<std::string>;
constexpr auto oldest = Query::Order::oldest_first;
constexpr auto newest = Query::Order::newest_first;

TEST_F(QueryTest, SpansSeveralFilesInBothOrders)
{
    ASSERT_GT(directory.verified().files, 1U);
    const Texts all{"a", "denied-a", "a!", "b", "denied-b", "b!",
                    "c", "denied-c", "c!", "d", "denied-d", "d!"};
    EXPECT_EQ(requests({.order = oldest}), all);
    EXPECT_EQ(requests({.order = newest}), Texts(all.rbegin(), all.rend()));
}

TEST_F(QueryTest, StopsAtTheLimitAndWhenTheReaderHasEnough)
{
    EXPECT_EQ(requests({.limit = 2, .order = oldest}), (Texts{"a", "denied-a"}));
    EXPECT_EQ(requests({.limit = 2, .order = newest}), (Texts{"d!", "denied-d"}));
    EXPECT_EQ(requests({.limit = 0}), Texts{});
    int seen = 0;
    const auto count = query(directory.path, {}, [&](const auto&) { return ++seen < 3; });
    EXPECT_EQ(count->count, 3U);
}

TEST_F(QueryTest, LooksNoFurtherThanItIsTold)
{
    std::vector<std::string> seen;
    const auto each = [&](const StoredRecord& record) {
        seen.push_back(record.record.request.str());
        return true;
    };
    const auto some = query(directory.path, {.bytes_max = 1000}, each);
    ASSERT_TRUE(some);
    EXPECT_FALSE(some->is_whole);
    EXPECT_GT(some->count, 0U);
    EXPECT_LT(some->count, 6U);
    EXPECT_EQ(seen.front(), "d") << "the newest are looked at first";
    const auto all = query(directory.path, {}, each);
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->is_whole);
    EXPECT_EQ(all->count, 12U);
}

TEST_F(QueryTest, EndsWhenItIsToldToStop)
{
    std::stop_source stop;
    int seen = 0;
    const auto ended = query(directory.path, {.stop = stop.get_token()}, [&](const auto&) {
        if (++seen == 3) stop.request_stop();
        return true;
    });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), Errc::cancelled);
    EXPECT_EQ(seen, 3);
}

TEST_F(QueryTest, FiltersByEachField)
{
    const auto only = [&](Filter filter) { return requests({.filter = filter, .order = oldest}); };
    EXPECT_EQ(only({.subject = "bob"}).size(), 4U);
    EXPECT_EQ(only({.subject = "https://idp.example|bob"}).size(), 4U);
    EXPECT_EQ(only({.subject = "bo"}).size(), 0U);
    EXPECT_EQ(only({.tool = "manage_container"}).size(), 12U);
    EXPECT_EQ(only({.tool = "manage"}).size(), 0U);
    EXPECT_EQ(only({.target = "db-01"}).size(), 4U);
    EXPECT_EQ(only({.outcome = "ok"}), (Texts{"a!", "b!", "c!", "d!"}));
    EXPECT_EQ(only({.outcome = "refused"}).size(), 4U);
    EXPECT_EQ(only({.request = "b"}), (Texts{"b", "b!"}));
    EXPECT_EQ(only({.effect = policy::Effect::deny}).size(), 4U);
    EXPECT_EQ(only({.target = "db-01", .outcome = "ok"}).size(), 0U);
    EXPECT_EQ(only({.subject = "x\",\"outcome\":\"ok"}).size(), 0U);
}

TEST_F(QueryTest, BoundsTimeInclusivelyBelowAndExclusivelyAbove)
{
    const auto second = *parse_rfc3339("2026-11-20T12:01:00Z");
    const auto third = *parse_rfc3339("2026-11-20T12:02:00Z");
    EXPECT_EQ(requests({.filter = {.since = second, .until = third}, .order = oldest}),
              (Texts{"b", "denied-b", "b!"}));
    EXPECT_EQ(requests({.filter = {.since = third}}).size(), 6U);
    EXPECT_EQ(requests({.filter = {.until = second}}).size(), 3U);
}

TEST_F(QueryTest, PassesOverATornTail)
{
    auto text = directory.text();
    directory.rewrite(text + R"({"seq":99,"prev":")");
    EXPECT_EQ(requests({}).size(), 12U);
}

TEST(QueryOfNothing, SaysThatThereIsNoTrail)
{
    TrailDirectory directory;
    const auto count = query(directory.path, {}, [](const auto&) { return true; });
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code(), Errc::not_found);
}

}  // namespace
}  // namespace tailops::audit
