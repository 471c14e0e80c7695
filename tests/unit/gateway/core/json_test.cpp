#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops {
namespace {

TEST(ParseJson, RefusesWhatIsNotOneStrictText)
{
    EXPECT_TRUE(parse_json(R"({"a":[1,2,{"b":null}]})"));
    for (const auto* bad :
         {"", "{", "{}x", "{'a':1}", "[1,]", "NaN", "\"\xFF\"", "{\"a\":1,\"a\":2}"}) {
        EXPECT_FALSE(parse_json(bad)) << bad;
    }
}

TEST(ParseJson, FindsDuplicateNamesInLargeObjectsToo)
{
    std::string text = "{";
    for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_TRUE(parse_json(text + "\"k100\":0}"));
    EXPECT_FALSE(parse_json(text + "\"k50\":0}"));
    // A nested object between two names of the outer one must not make it forget.
    EXPECT_FALSE(parse_json(text + "\"n\":{\"x\":1},\"k99\":0}"));
}

TEST(ParseJson, BoundsTheDepth)
{
    EXPECT_TRUE(parse_json(std::string(8, '[') + std::string(8, ']'), 8));
    EXPECT_FALSE(parse_json(std::string(9, '[') + std::string(9, ']'), 8));
    EXPECT_FALSE(parse_json(std::string(1'000'000, '['), 64));
}

TEST(Field, NamesWhatIsWrong)
{
    const nlohmann::json object{{"n", 5}, {"s", "x"}, {"list", {"a", "b"}}, {"big", UINT64_MAX}};
    EXPECT_EQ(*field<std::int64_t>(object, "n"), 5);
    EXPECT_EQ(*field<std::string>(object, "s"), "x");
    EXPECT_EQ(field<std::vector<std::string>>(object, "list")->size(), 2U);
    EXPECT_EQ(field<std::string>(object, "n").error().public_message(), "\"n\" must be a string");
    EXPECT_EQ(field<std::string>(object, "gone").error().public_message(), "\"gone\" is missing");
    EXPECT_FALSE(field<std::int64_t>(object, "big"));
    EXPECT_FALSE(*optional_field<bool>(object, "gone"));
    EXPECT_FALSE(field<bool>(nlohmann::json::array(), "n"));
}

TEST(DumpJson, SurvivesInvalidUtf8)
{
    EXPECT_EQ(dump_json(nlohmann::json{{"s", "\xFF"}}), "{\"s\":\"\uFFFD\"}");
}

}  // namespace
}  // namespace tailops
