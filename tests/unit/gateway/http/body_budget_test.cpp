#include "gateway/http/body_budget.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tailops::http {
namespace {

TEST(BodyBudget, BoundsOneAddressAndAll)
{
    const auto budget = std::make_shared<BodyBudget>(100, 60);
    auto a = budget->hold("a");
    EXPECT_TRUE(a.grow_to(50));
    EXPECT_TRUE(a.grow_to(10)) << "it only grows";
    auto also_a = budget->hold("a");
    EXPECT_FALSE(also_a.grow_to(11));
    EXPECT_TRUE(also_a.grow_to(10));
    auto b = budget->hold("b");
    EXPECT_FALSE(b.grow_to(41)) << "the whole is full";
    EXPECT_TRUE(b.grow_to(40));
}

TEST(BodyBudget, IsGivenBackOnce)
{
    const auto budget = std::make_shared<BodyBudget>(100, 100);
    {
        auto held = budget->hold("a");
        EXPECT_TRUE(held.grow_to(100));
        const auto moved = std::move(held);
        EXPECT_FALSE(budget->hold("b").grow_to(1));
    }
    EXPECT_TRUE(budget->hold("b").grow_to(100));
    EXPECT_TRUE(budget->hold("b").grow_to(100));
}

}  // namespace
}  // namespace tailops::http
