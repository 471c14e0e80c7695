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

// Boost.JSON reads the text and nlohmann::json holds the value: what nlohmann's own reader says is
// the measure, to the type of a number and the last bit of a double.
TEST(ParseJson, ReadsValuesAsNlohmannDoes)
{
    for (const auto* text : {"0",
                             "-1",
                             "9223372036854775807",
                             "9223372036854775808",
                             "18446744073709551615",
                             "18446744073709551616",
                             "-9223372036854775808",
                             "-9223372036854775809",
                             "0.1",
                             "-0.0",
                             "1e2",
                             "2.2250738585072011e-308",
                             "1.7976931348623157e308",
                             "8.533e-68",
                             "123456789012345678901234567890.5e-10",
                             "1e-999",
                             "true",
                             "null",
                             R"("")",
                             R"("a\"\\\/\b\f\n\r\tb")",
                             R"("\u0041\u00e9\ud83d\ude00\u0000")",
                             "\"\u00e9\U0001F600\"",
                             R"({"":{"a":[[],{},[1,-2,3.5,"x",false]]},"b":{"a":null}})",
                             " [ 1 ,\n\t2 ] \r\n"}) {
        const auto ours = parse_json(text);
        const auto theirs = nlohmann::json::parse(text);
        ASSERT_TRUE(ours) << text;
        EXPECT_EQ(*ours, theirs) << text;
        EXPECT_EQ(ours->type(), theirs.type()) << text;
    }
    EXPECT_EQ(*parse_json("-0"), 0);
    const auto long_text = R"(["\n)" + std::string(100'000, 'x') + R"(\t",{")" +
                           std::string(5'000, 'k') + R"(\u00e9":1}])";
    EXPECT_EQ(*parse_json(long_text), nlohmann::json::parse(long_text));
}

TEST(ParseJson, RefusesWhatNlohmannRefuses)
{
    for (const auto* text : {"01",
                             "1.",
                             ".5",
                             "+1",
                             "1e",
                             "-",
                             "1e999",
                             "-1e999",
                             "Infinity",
                             "nul",
                             "\"\n\"",
                             "\"\\x\"",
                             R"("\ud800")",
                             R"("\udc00")",
                             R"("\ud800\u0041")",
                             "\"\xC0\x80\"",
                             "\"\xED\xA0\x80\"",
                             "\"\xF4\x90\x80\x80\"",
                             "\"\xE2\x82\"",
                             "[1 2]",
                             "{\"a\" 1}",
                             "{1:2}",
                             "[]]",
                             "// x\n1",
                             "[1]/**/",
                             "\""}) {
        EXPECT_FALSE(parse_json(text)) << text;
        EXPECT_FALSE(nlohmann::json::accept(text)) << text;
    }
    EXPECT_FALSE(parse_json(std::string_view{"1\0", 2}));
}

TEST(ParseJson, SaysWhatIsWrongAndWhere)
{
    const auto why = [](std::string_view text) {
        return parse_json(text, 4).error().public_message();
    };
    EXPECT_EQ(why(R"({"a":1,"b":x})"), "not valid JSON at byte 12");
    EXPECT_EQ(why(R"({"a":1)"), "not valid JSON at byte 7");
    EXPECT_EQ(why("[1] 2"), "not valid JSON at byte 5");
    EXPECT_EQ(why(R"({"a":1,"a":2})"), "the name \"a\" stands twice in one object");
    EXPECT_EQ(why("[[[[[1]]]]]"), "nested deeper than 4 levels");
    EXPECT_EQ(why("[1e999]"), "the number \"1e999\" is too large");
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
