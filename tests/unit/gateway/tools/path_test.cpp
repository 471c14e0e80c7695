#include "gateway/tools/path.hpp"

#include <gtest/gtest.h>

namespace tailops::tools {
namespace {

TEST(CanonicalPath, IsWhatItSays)
{
    EXPECT_EQ(canonical_path("/").value(), "/");
    EXPECT_EQ(canonical_path("//a///b/./c/").value(), "/a/b/c");
    EXPECT_EQ(canonical_path("/a..b/...").value(), "/a..b/...");
    for (const auto* text : {"", "a", "./a", "/..", "/a/../b", "/a\x7f", "/a\tb", "~/a"}) {
        EXPECT_FALSE(canonical_path(text)) << text;
    }
}

TEST(IsUnder, KeepsToSegments)
{
    EXPECT_TRUE(is_under("/var/log", "/var/log"));
    EXPECT_TRUE(is_under("/var/log/a", "/var/log"));
    EXPECT_TRUE(is_under("/var/log", "/"));
    EXPECT_FALSE(is_under("/var/logs", "/var/log"));
    EXPECT_FALSE(is_under("/var/log-secret/a", "/var/log"));
    EXPECT_FALSE(is_under("/var", "/var/log"));
    EXPECT_FALSE(is_under("/var", ""));
}

}  // namespace
}  // namespace tailops::tools
