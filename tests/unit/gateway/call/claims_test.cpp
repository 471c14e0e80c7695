#include "gateway/call/claims.hpp"

#include <gtest/gtest.h>

namespace tailops::call {
namespace {

TEST(Claims, AreForWhoComesFirst)
{
    Claims claims;
    const Claims::Thing thing{.target = "dock", .kind = "container", .word = "web"};
    EXPECT_TRUE(claims.take(thing));
    EXPECT_FALSE(claims.take(thing));
    EXPECT_TRUE(claims.take({.target = "other", .kind = "container", .word = "web"}));
    EXPECT_TRUE(claims.take({.target = "dock", .kind = "volume", .word = "web"}));
    claims.give_back(thing);
    EXPECT_TRUE(claims.take(thing));
}

TEST(Claims, AreKnownByANameOnTheirTargetAndByTheBeginningOfAnIdEverywhere)
{
    Claims claims;
    claims.take({.target = "dock", .kind = "container", .word = "web"});
    claims.take({.target = "", .kind = "container", .word = "4f1c9e2ab7d3"});
    EXPECT_TRUE(claims.is_taken("dock", "container", "web"));
    EXPECT_FALSE(claims.is_taken("dock", "container", "we")) << "a name is whole";
    EXPECT_FALSE(claims.is_taken("other", "container", "web"));
    EXPECT_FALSE(claims.is_taken("dock", "unit", "web"));
    for (const auto* word : {"4f1c9e2ab7d3", "4f1c9e", "4f1c"}) {
        EXPECT_TRUE(claims.is_taken("other", "container", word)) << word;
    }
    EXPECT_FALSE(claims.is_taken("other", "container", "4f1")) << "more likely a name";
    EXPECT_FALSE(claims.is_taken("other", "container", "4f1c9e2ab7d3a"));
}

}  // namespace
}  // namespace tailops::call
