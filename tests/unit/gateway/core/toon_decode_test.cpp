#include "tests/support/toon_parser/toon_parser.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace tailops {
namespace {

using nlohmann::json;

constexpr ToonDecodeOptions lenient{.strictness = ToonStrictness::lenient};
constexpr ToonDecodeOptions expanding{.path_expansion = ToonPathExpansion::safe};

/// The value as JSON, or the public message of the error.
std::string read(std::string_view text, const ToonDecodeOptions& options = {})
{
    const auto value = parse_toon(text, options);
    return value ? value->dump() : value.error().public_message();
}

struct Row {
    const char* text;
    const char* expected;
};

TEST(ParseToon, ReadsEveryForm)
{
    const Row rows[] = {
        {"", "{}"},
        {"\n \n", "{}"},
        {"up", "\"up\""},
        {"-0", "0"},
        {"[]", "[]"},
        {"[2]: 1,x", R"([1,"x"])"},
        {"a:\n  b: 1\n  c:\nd: x y", R"({"a":{"b":1,"c":{}},"d":"x y"})"},
        {"a[2]{b,c}:\n  1,\"x,y\"\n  2,", R"({"a":[{"b":1,"c":"x,y"},{"b":2,"c":""}]})"},
        {"a[1|]{b{c|d}|e}:\n  1|2|3", R"({"a":[{"b":{"c":1,"d":2},"e":3}]})"},
        {"h[2:]{up}:\n  \"w:1\": true\n  db: false",
         R"({"h":{"db":{"up":false},"w:1":{"up":true}}})"},
        {"[2:]{up}:\n  a: 1\n  b: 2", R"({"a":{"up":1},"b":{"up":2}})"},
        {"a[3]:\n  -\n  - b: 1\n    c: 2\n  - [1]: x", R"({"a":[{},{"b":1,"c":2},["x"]]})"},
        {"a[2]:\n  - []\n  - [1]:\n    - [0]:", R"({"a":[[],[[]]]})"},
        {"- x: 1", R"({"- x":1})"},
        {": 1", R"({"":1})"},
        {"a: \"\\u00e9\\n\"", R"({"a":"é\n"})"},
        {"\xEF\xBB\xBF# by hand\r\na: 1\r\n  # more\r\nb: 2\r\n", R"({"a":1,"b":2})"},
    };
    for (const auto& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.text;
}

TEST(ParseToon, ReadsNumbersByTheirOwnGrammar)
{
    const Row rows[] = {
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"18446744073709551615", "18446744073709551615"},
        {"1.50", "1.5"},
        {"-1E+03", "-1000.0"},
        {"0e1", "0"},
        // Strings: another grammar, or beyond what a double can hold.
        {"05", "\"05\""},
        {"+1", "\"+1\""},
        {".5", "\".5\""},
        {"1.", "\"1.\""},
        {"1e", "\"1e\""},
        {"0x10", "\"0x10\""},
        {"Infinity", "\"Infinity\""},
        {"1e999", "\"1e999\""},
    };
    for (const auto& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.text;
    EXPECT_EQ(parse_toon("18446744073709551616")->get<double>(), 18446744073709551616.0);
}

TEST(ParseToon, NamesTheLineAndWhatToDo)
{
    const Row rows[] = {
        {"a[3]: 1,2",
         "line 1: the header does not count the 2 values it has; write [2] or complete them"},
        {"a[1]{b}:\n  1\n  2",
         "line 1: the header does not count the 2 rows it has; write [2] or complete them"},
        {"a[1]{b,c}:\n  1",
         "line 2: the row has 1 cells, the header names 2 fields; write one for each, \"\" for an "
         "empty one"},
        {"x: 1\na:\n   b: 1", "line 3: indented by 3 spaces; indent by a multiple of 2"},
        {"a:\n\tb: 1", "line 2: a tab in the indentation; indent with spaces"},
        {"a: 1\n  b: 2",
         "line 2: indented to level 1 where nothing opens it; indent it to level 0"},
        {"a:\n    b: 2",
         "line 2: indented to level 2 where nothing opens it; indent it to level 1"},
        {"a[2]:\n  - 1\n\n  - 2", "line 3: a blank line inside an array; remove it"},
        {"a: 1\na: 2", "line 2: the name \"a\" stands twice in one object; keep one of them"},
        {"a[0]{b,b}:", "line 1: the field \"b\" stands twice in the header; keep one of them"},
        {"a: 1\nword",
         "line 2: no colon after the name in \"word\"; write name: value, or quote what holds a "
         "colon"},
        {"a[02]: 1,2", "line 1: \"02\" in the brackets is no count; write digits, no zero first"},
        {"a[1]{b|c}:",
         "line 1: the fields are separated by \"|\", the brackets say \",\"; use the same in both"},
        {"a[2:]:", "line 1: a keyed table names no fields; write them as {a,b} after the ]"},
        {"a: \"x", "line 1: the string \"\"x\" has no closing quote; write it"},
        {"[1]: 1\nb: 2",
         "line 2: the array that is the document ended before; remove what follows"},
        {"a: x\nb: \xFF", "line 2: not valid UTF-8; encode the text as UTF-8"},
    };
    for (const auto& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.text;
}

TEST(ParseToon, RefusesUnknownEscapes)
{
    for (const auto* bad :
         {R"("\x")", R"("\u12")", R"("\u+123")", R"("\ud83d")", R"("\)", R"("a"b)"}) {
        EXPECT_FALSE(parse_toon(bad)) << bad;
    }
    EXPECT_EQ(*parse_toon(R"("\u20aC\\\"")"), "\u20AC\\\"");
}

TEST(ParseToon, IsLenientWhenAsked)
{
    const Row rows[] = {
        {"a[3]: 1,2", R"({"a":[1,2]})"},
        {"a: 1\na: 2", R"({"a":2})"},
        {"a[1]{b,b}:\n  1,2", R"({"a":[{"b":2}]})"},
        {"a:\n\tb: 1", R"({"a":{"b":1}})"},
        {"a:\n   b: 1", R"({"a":{"b":1}})"},
        {"a[2]:\n  - 1\n\n  - 2", R"({"a":[1,2]})"},
        {"a:\n      b: 1\n      c: 2", R"({"a":{"b":1,"c":2}})"},
    };
    for (const auto& row : rows) {
        EXPECT_FALSE(parse_toon(row.text)) << row.text;
        EXPECT_EQ(read(row.text, lenient), row.expected) << row.text;
    }
    // What says nothing at all is refused all the same.
    for (const auto* bad : {"a[1]{b,c}:\n  1", "a: 1\nword", "a[x]: 1", "a: 1\n  b: 2", "a: \"x"}) {
        EXPECT_FALSE(parse_toon(bad, lenient)) << bad;
    }
}

TEST(ParseToon, ReadsVersionThreeByItsOwnRules)
{
    ToonDecodeOptions three{.version = ToonVersion::v3};
    EXPECT_EQ(read("#a: 1", three), R"({"#a":1})");
    EXPECT_FALSE(parse_toon("a[1]{b{c}}:\n  1", three));
    EXPECT_FALSE(parse_toon("a[2:]{b}:\n  x: 1\n  y: 2", three));
    EXPECT_FALSE(parse_toon("a[1][x]: 1", three));
    three.strictness = ToonStrictness::lenient;
    EXPECT_EQ(read("a[1][x]: 1", three), R"({"a[1][x]":1})");
    EXPECT_FALSE(parse_toon("a[1][x]: 1", lenient));
}

TEST(ParseToon, ExpandsPathsWhenAsked)
{
    EXPECT_EQ(read("a.b: 1"), R"({"a.b":1})");
    EXPECT_EQ(read("a.b.c: 1\na.b.d: 2\na:\n  e: 3", expanding),
              R"({"a":{"b":{"c":1,"d":2},"e":3}})");
    EXPECT_EQ(read("t[1]{a.b,c}:\n  1,2", expanding), R"({"t":[{"a":{"b":1},"c":2}]})");
    // Quoted names and those that are no path of plain names stay whole.
    EXPECT_EQ(read("\"a.b\": 1\nx-y.z: 2\na..b: 3", expanding), R"({"a..b":3,"a.b":1,"x-y.z":2})");
    EXPECT_EQ(read("a.b: 1\na: 2", expanding),
              "line 2: the path to \"a\" meets another value there; name one of them otherwise");
    auto both = expanding;
    both.strictness = ToonStrictness::lenient;
    EXPECT_EQ(read("a.b: 1\na: 2", both), R"({"a":2})");
    EXPECT_EQ(read("a: 1\na.b: 2", both), R"({"a":{"b":2}})");
}

TEST(ParseToon, BoundsTheDepth)
{
    const Row rows[] = {
        // Fits into three levels, and one more.
        {"a:\n  b:\n    c: 1", "a:\n  b:\n    c:\n      d: 1"},
        {"a:\n  b:", "a:\n  b:\n    c:"},
        {"a[1]:\n  - []", "a[1]:\n  - b: []"},
        {"[1]:\n  - [1]:\n    -", "[1]:\n  - [1]:\n    - [1]:\n      -"},
        {"a[1]{b}:\n  1", "a[1]{b{c}}:\n  1"},
        {"a[2:]{b}:\n  x: 1\n  y: 2", "a[2:]{b{c}}:\n  x: 1\n  y: 2"},
        {"a.b.c: 1", "a.b.c.d: 1"},
        {"a.b: []", "a.b.c: []"},
        {"a[1]{b}:\n  1", "a[1]{b.c}:\n  1"},
    };
    const ToonDecodeOptions three{.path_expansion = ToonPathExpansion::safe, .depth_max = 3};
    for (const auto& [fits, deep] : rows) {
        EXPECT_TRUE(parse_toon(fits, three)) << fits;
        EXPECT_FALSE(parse_toon(deep, three)) << deep;
        EXPECT_TRUE(parse_toon(deep)) << deep;
    }
    std::string groups = "x[1]";
    for (int i = 0; i < 100'000; ++i) groups += "{a";
    EXPECT_FALSE(parse_toon(groups + ":"));
}

TEST(ParseToon, BoundsTheText)
{
    EXPECT_TRUE(parse_toon("abcd", {.text_bytes_max = 4}));
    EXPECT_FALSE(parse_toon("abcde", {.text_bytes_max = 4}));
}

TEST(ParseToon, BoundsTheValueATableBlowsUpTo)
{
    std::string text = "a[1000]{" + std::string(100'000, 'k') + "}:";
    for (int i = 0; i < 1000; ++i) text += "\n  1";
    EXPECT_FALSE(parse_toon(text, {.value_bytes_max = 50'000'000}));
    EXPECT_TRUE(parse_toon(text, {.value_bytes_max = 150'000'000}));
}

TEST(ParseToon, ReadsBackWhatWasWritten)
{
    const json value{
        {"counts", {INT64_MIN, INT64_MAX, UINT64_MAX, 0.1, 1e-300, 1e300}},
        {"odd", {{"", "\x7F\u2028"}, {"a.b", nullptr}, {"__proto__", "- x"}}},
        {"rows", {{{"a", "#"}, {"b", {{"c", ""}}}}, {{"a", "1"}, {"b", {{"c", " "}}}}}},
        {"deep", {{{{"list", {json::array(), json::object(), {{{"k", {1}}}}}}}}}}};
    for (const auto delimiter : {ToonDelimiter::comma, ToonDelimiter::tab, ToonDelimiter::pipe}) {
        for (const auto version : {ToonVersion::v3, ToonVersion::v4}) {
            const auto text = to_toon(value, {.delimiter = delimiter, .version = version});
            const auto read_back = parse_toon(text, {.version = version});
            ASSERT_TRUE(read_back) << read_back.error().public_message() << '\n' << text;
            EXPECT_EQ(*read_back, value) << text;
        }
    }
}

}  // namespace
}  // namespace tailops
