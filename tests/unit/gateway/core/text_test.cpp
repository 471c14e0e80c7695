#include "gateway/core/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tailops {
namespace {

using namespace std::chrono_literals;

TEST(Quote, EscapesWhatCouldForgeALine)
{
    EXPECT_EQ(quote("web-01"), "\"web-01\"");
    EXPECT_EQ(quote("a\nb"), "\"a\\nb\"");
    EXPECT_EQ(quote("a\x1b[31m"), "\"a\\x1b[31m\"");
    EXPECT_EQ(quote("a\xE2\x80\xAE"
                    "b"),
              "\"a\\xe2\\x80\\xaeb\"");  // right-to-left override
    EXPECT_EQ(quote("\xFF"), "\"\\xff\"");
    EXPECT_EQ(quote("größe"), "\"größe\"");
}

TEST(EscapedLine, ClipsAtItsBound)
{
    EXPECT_EQ(escaped_line(std::string(1000, 'a'), 10), std::string(10, 'a') + "...");
    EXPECT_EQ(escaped_line(std::string(10, 'a'), 10), std::string(10, 'a'));
}

TEST(DidYouMean, SuggestsANeighbourAndNotAStranger)
{
    const std::array<std::string_view, 3> known = {"capabilities", "constraints", "metadata"};
    EXPECT_EQ(did_you_mean("capabilites", known), "; did you mean \"capabilities\"?");
    EXPECT_EQ(did_you_mean("metdata", known), "; did you mean \"metadata\"?");
    EXPECT_EQ(did_you_mean("zzz", known), "");
}

struct Repair {
    const char* name;
    std::string in, out;
};

TEST(RepairUtf8, ReplacesMaximalSubparts)
{
    const Repair rows[] = {
        {"valid", "aé漢😀", "aé漢😀"},
        {"lone_continuation", "a\x80z", "a\uFFFDz"},
        {"overlong", "\xC0\xAF", "\uFFFD\uFFFD"},
        {"surrogate", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
        {"truncated_three", "\xE2\x82", "\uFFFD"},
        {"truncated_then_ascii", "\xF0\x9F\x98z", "\uFFFDz"},
        {"beyond_unicode", "\xF5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(repair_utf8(row.in), row.out) << row.name;
        EXPECT_TRUE(is_valid_utf8(repair_utf8(row.in))) << row.name;
    }
}

TEST(ParseInt, TakesAllOfTheTextOrNone)
{
    EXPECT_EQ(*parse_int("42"), 42);
    EXPECT_EQ(*parse_int("-7"), -7);
    for (const auto* bad : {"", " 1", "1 ", "1x", "0x1", "1.0", "99999999999999999999"}) {
        EXPECT_FALSE(parse_int(bad)) << bad;
    }
    EXPECT_EQ(parse_int("11", 1, 10).error().public_message(), "11 is not between 1 and 10");
}

TEST(ParseDuration, KnowsItsUnits)
{
    EXPECT_EQ(*parse_duration("90"), 90s);
    EXPECT_EQ(*parse_duration("45m"), 45min);
    EXPECT_EQ(*parse_duration("12h"), 12h);
    EXPECT_EQ(*parse_duration("30d"), 720h);
    for (const auto* bad : {"", "s", "5w", "-5s", "1.5h", "9999999d"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

TEST(Rfc3339, RoundTripsToTheMillisecond)
{
    const auto when = parse_rfc3339("2026-11-20T11:36:38.233Z");
    ASSERT_TRUE(when);
    EXPECT_EQ(rfc3339(*when), "2026-11-20T11:36:38.233Z");
    EXPECT_EQ(*parse_rfc3339("2026-11-20T13:36:38.233+02:00"), *when);
    EXPECT_EQ(*parse_rfc3339("2026-11-20T11:36:38.233"), *when);  // naive means UTC
    // What the clock cannot count to is as late, or as early, as it can say.
    for (const auto* late : {"2262-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
                             "9999-12-31T23:59:59-23:59"}) {
        ASSERT_TRUE(parse_rfc3339(late)) << late;
        EXPECT_EQ(*parse_rfc3339(late), TimePoint::max()) << late;
    }
    for (const auto* early : {"1677-12-31T00:00:00Z", "0001-01-01T00:00:00+23:59"}) {
        EXPECT_EQ(*parse_rfc3339(early), TimePoint::min()) << early;
    }
    EXPECT_LT(*parse_rfc3339("2261-12-31T23:59:59-23:59"), TimePoint::max());
    EXPECT_GT(*parse_rfc3339("1678-01-01T00:00:00+23:59"), TimePoint::min());
    EXPECT_LT(*parse_rfc3339("1969-12-31T23:59:59Z"), TimePoint{});
    for (const auto* bad : {"", "2026-11-20", "2026-13-20T00:00:00Z", "2026-02-30T00:00:00Z",
                            "2026-11-20T11:36:38.Z", "2026-11-20T11:36:38+0200"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

}  // namespace
}  // namespace tailops
