#include "policy/glob.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

TEST(Glob, MatchesFirstAndLastStarsOnly)
{
    EXPECT_TRUE(glob_matches("web-*", "web-01"));
    EXPECT_TRUE(glob_matches("web-*", "web-"));
    EXPECT_FALSE(glob_matches("web-*", "web"));
    EXPECT_FALSE(glob_matches("web-*", "my-web-01"));
    EXPECT_TRUE(glob_matches("*-lab", "db-lab"));
    EXPECT_FALSE(glob_matches("*-lab", "db-lab-2"));
    EXPECT_TRUE(glob_matches("*web*", "my-web-01"));
    EXPECT_FALSE(glob_matches("*web*", "db"));
    EXPECT_TRUE(glob_matches("*", "anything"));
    EXPECT_TRUE(glob_matches("web-01", "web-01"));
    EXPECT_FALSE(glob_matches("web-01", "web-011"));
}

TEST(Glob, AStarInTheMiddleIsNotOne)
{
    EXPECT_TRUE(is_valid_glob("*web*"));
    EXPECT_TRUE(is_valid_glob("web"));
    EXPECT_FALSE(is_valid_glob("web-*-01"));
    EXPECT_FALSE(is_glob("web-*-01"));
}

TEST(Glob, CoversOnlyWhatItSurelyMatches)
{
    struct Row {
        const char* wide;
        const char* narrow;
        bool covers;
    };
    for (const auto& [wide, narrow, want] : {Row{"*", "web-*", true},
                                             {"web-*", "web-0*", true},
                                             {"web-0*", "web-*", false},
                                             {"web-*", "*", false},
                                             {"web-*", "web-01", true},
                                             {"web-01", "web-*", false},
                                             {"*-lab", "*web-lab", true},
                                             {"*-lab", "web-*", false},
                                             {"*web*", "web-*", true},
                                             {"*web*", "*-web", true},
                                             {"web-*", "*web-*", false},
                                             {"*b*", "b", true},
                                             {"web-01", "web-01", true}}) {
        EXPECT_EQ(glob_covers(wide, narrow), want) << wide << " over " << narrow;
    }
}

}  // namespace
}  // namespace tailops::policy
