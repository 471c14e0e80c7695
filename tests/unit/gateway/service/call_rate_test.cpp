#include "gateway/service/call_rate.hpp"

#include <gtest/gtest.h>

namespace tailops::service {
namespace {

using namespace std::chrono_literals;

const CallRate::Moment start{std::chrono::hours{1}};

TEST(CallRate, LetsAMinutesCallsComeAtOnceAndTheNextAtTheirPace)
{
    CallRate rate{60};
    for (int i = 0; i < 60; ++i) EXPECT_EQ(rate.take("alice", start).wait, 0ms) << i;
    EXPECT_EQ(rate.take("alice", start).wait, 1000ms);
    EXPECT_EQ(rate.take("alice", start + 400ms).wait, 600ms);
    EXPECT_EQ(rate.take("alice", start + 1s).wait, 0ms);
    EXPECT_EQ(rate.take("alice", start + 1s).wait, 1000ms);
    // Who was away for a minute has all of it again.
    for (int i = 0; i < 60; ++i) EXPECT_EQ(rate.take("alice", start + 2min).wait, 0ms) << i;
    EXPECT_NE(rate.take("alice", start + 2min).wait, 0ms);
}

TEST(CallRate, CountsEachPrincipalByItself)
{
    CallRate rate{1};
    EXPECT_EQ(rate.take("alice", start).wait, 0ms);
    EXPECT_NE(rate.take("alice", start).wait, 0ms);
    EXPECT_EQ(rate.take("bob", start).wait, 0ms);
}

TEST(CallRate, SaysWhichRefusalIsTheFirst)
{
    CallRate rate{1};
    rate.take("alice", start);
    EXPECT_TRUE(rate.take("alice", start).is_first_refusal);
    EXPECT_FALSE(rate.take("alice", start).is_first_refusal);
    EXPECT_EQ(rate.take("alice", start + 1min).wait, 0ms);
    EXPECT_TRUE(rate.take("alice", start + 1min).is_first_refusal);
}

TEST(CallRate, CanBeWithoutABound)
{
    CallRate rate{0};
    for (int i = 0; i < 100'000; ++i) ASSERT_EQ(rate.take("alice", start).wait, 0ms);
    EXPECT_EQ(rate.known(), 0U);
}

TEST(CallRate, ForgetsWhoHasNotCalledForLong)
{
    CallRate rate{1000};
    for (int i = 0; i < 10'000; ++i) {
        rate.take("subject-" + std::to_string(i), start + i * std::chrono::milliseconds{100});
    }
    EXPECT_LT(rate.known(), 3'000U);
}

}  // namespace
}  // namespace tailops::service
