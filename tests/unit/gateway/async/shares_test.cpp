#include "gateway/async/shares.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tailops {
namespace {

TEST(Shares, BoundsEachHolderAndNobodyElse)
{
    Shares shares{2};
    auto first = shares.take("alice");
    std::optional<Result<Shares::Share>> second{shares.take("alice")};
    ASSERT_TRUE(first);
    ASSERT_TRUE(*second);
    const auto third = shares.take("alice");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), Errc::busy);
    EXPECT_TRUE(shares.take("bob"));
    second.reset();
    EXPECT_TRUE(shares.take("alice"));
}

TEST(Shares, AreGivenBackOnceAfterAMove)
{
    Shares shares{1};
    {
        auto taken = shares.take("alice");
        ASSERT_TRUE(taken);
        const auto moved = *std::move(taken);
        EXPECT_FALSE(shares.take("alice"));
    }
    EXPECT_TRUE(shares.take("alice"));
}

}  // namespace
}  // namespace tailops
