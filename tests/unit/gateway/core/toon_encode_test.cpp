#include "gateway/core/toon.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <string>

namespace tailops {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string toon(const char* text, const ToonOptions& options = {})
{
    return to_toon(ordered_json::parse(text), options);
}

TEST(ToToon, WritesObjectsAsIndentedFields)
{
    EXPECT_EQ(toon(R"({"host":"web-01","load":{"one":0.5,"five":1},"none":{},"tags":[]})"),
              "host: web-01\nload:\n  one: 0.5\n  five: 1\nnone:\ntags: []");
    EXPECT_EQ(toon("{}"), "");
    EXPECT_EQ(toon("[]"), "[]");
    EXPECT_EQ(toon("\"up\""), "up");
}

TEST(ToToon, WritesArraysInTheShortestFormTheyHave)
{
    const std::pair<const char*, const char*> rows[] = {
        {R"({"a":[1,"x",null]})", "a[3]: 1,x,null"},
        {R"({"a":[{"b":1,"c":"x"},{"c":"y","b":2}]})", "a[2]{b,c}:\n  1,x\n  2,y"},
        {R"({"a":[{"b":{"c":1,"d":2}},{"b":{"d":4,"c":3}}]})", "a[2]{b{c,d}}:\n  1,2\n  3,4"},
        // One name more, one less, an array or an empty object in a column: no table.
        {R"({"a":[{"b":1},{"b":2,"c":3}]})", "a[2]:\n  - b: 1\n  - b: 2\n    c: 3"},
        {R"({"a":[{"b":1},{"c":1}]})", "a[2]:\n  - b: 1\n  - c: 1"},
        {R"({"a":[{"b":[1]}]})", "a[1]:\n  - b[1]: 1"},
        {R"({"a":[{"b":{}}]})", "a[1]:\n  - b:"},
        {R"({"a":[{"b":{"c":1}},{"b":null}]})", "a[2]:\n  - b:\n      c: 1\n  - b: null"},
        {R"({"a":[{},1,[],[2,3],[[4]]]})",
         "a[5]:\n  -\n  - 1\n  - [0]:\n  - [2]: 2,3\n  - [1]:\n    - [1]: 4"},
        {R"([{"b":[{"c":1},{"c":2}],"d":3},4])",
         "[2]:\n  - b[2]{c}:\n      1\n      2\n    d: 3\n  - 4"},
        // A table inside an array inside an array has no place to stand in.
        {R"([[{"b":1},{"b":2}]])", "[1]:\n  - [2]:\n    - b: 1\n    - b: 2"},
    };
    for (const auto& [value, expected] : rows) EXPECT_EQ(toon(value), expected) << value;
}

TEST(ToToon, WritesObjectsOfEqualObjectsAsATableWithNames)
{
    EXPECT_EQ(toon(R"({"web-01":{"up":true,"load":1},"db":{"load":2,"up":false}})"),
              "[2:]{up,load}:\n  \"web-01\": true,1\n  db: false,2");
    EXPECT_EQ(toon(R"({"h":{"a":{"up":true},"b":{"up":false}}})"),
              "h[2:]{up}:\n  a: true\n  b: false");
    // One entry alone, and entries that differ, stay fields.
    EXPECT_EQ(toon(R"({"h":{"a":{"up":true}}})"), "h:\n  a:\n    up: true");
    EXPECT_EQ(toon(R"({"a":{"up":true},"b":{"down":1}})"), "a:\n  up: true\nb:\n  down: 1");
}

TEST(ToToon, LeavesTheFormsOfVersionFourToIt)
{
    const ToonOptions three{.version = ToonVersion::v3};
    EXPECT_EQ(toon(R"([{"b":{"c":1}}])", three), "[1]:\n  - b:\n      c: 1");
    EXPECT_EQ(toon(R"({"a":{"up":1},"b":{"up":2}})", three), "a:\n  up: 1\nb:\n  up: 2");
    EXPECT_EQ(toon(R"([{"b":1}])", three), "[1]{b}:\n  1");
}

TEST(ToToon, QuotesWhatWouldBeReadAsSomethingElse)
{
    for (const auto* quoted :
         {"",    " x", "x ",  "true", "null", "12",  "-3",  "+4",  "05", "1e3",
          "1.5", "-",  "- a", "#c",   "a: b", "a,b", "[1]", "{a}", "a]", "a}"}) {
        EXPECT_EQ(to_toon(json(quoted)), '"' + std::string{quoted} + '"');
    }
    for (const auto* plain :
         {"x", "x y", "a-b", "a#b", "True", "1.", ".5", "1_000", "a|b", "\u00e9", "\u4e16\u754c"}) {
        EXPECT_EQ(to_toon(json(plain)), plain);
    }
    EXPECT_EQ(to_toon(json("\"\\\n\r\t\x01")), R"("\"\\\n\r\t\u0001")");
    EXPECT_EQ(to_toon(json("\uFEFFx")), "\"\uFEFFx\"");
    EXPECT_EQ(toon(R"({"x-y":1,"a.b":2,"1":3,"":4,"k:":5})"),
              "\"x-y\": 1\na.b: 2\n\"1\": 3\n\"\": 4\n\"k:\": 5");
}

TEST(ToToon, QuotesForTheDelimiterInUse)
{
    const auto* value = R"({"a":["x,y","x|y","x\ty"],"t":[{"k|":"p|q","l":"r,s"}],"f":"x|y"})";
    EXPECT_EQ(toon(value), "a[3]: \"x,y\",x|y,\"x\\ty\"\nt[1]{\"k|\",l}:\n  p|q,\"r,s\"\nf: x|y");
    EXPECT_EQ(toon(value, {.delimiter = ToonDelimiter::pipe}),
              "a[3|]: x,y|\"x|y\"|\"x\\ty\"\nt[1|]{\"k|\"|l}:\n  \"p|q\"|r,s\nf: \"x|y\"");
    EXPECT_EQ(toon(value, {.delimiter = ToonDelimiter::tab}),
              "a[3\t]: x,y\tx|y\t\"x\\ty\"\nt[1\t]{\"k|\"\tl}:\n  p|q\tr,s\nf: x|y");
}

TEST(ToToon, WritesNumbersInCanonicalForm)
{
    const std::pair<json, const char*> rows[] = {
        {INT64_MIN, "-9223372036854775808"},
        {UINT64_MAX, "18446744073709551615"},
        {9007199254740993, "9007199254740993"},
        {0.0, "0"},
        {-0.0, "0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {1e6, "1000000"},
        {123456.789, "123456.789"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e-6, "0.000001"},
        {1.25e-5, "0.0000125"},
        {1e20, "100000000000000000000"},
        {1.5e20, "150000000000000000000"},
        // Out of the range that has no exponent.
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {1e-7, "1e-7"},
        {-2.5e-9, "-2.5e-9"},
        {5e-324, "5e-324"},
        {std::numeric_limits<double>::infinity(), "null"},
        {std::nan(""), "null"},
    };
    for (const auto& [value, expected] : rows) EXPECT_EQ(to_toon(value), expected);
}

TEST(ToToon, IndentsAsAsked)
{
    EXPECT_EQ(toon(R"({"a":{"b":[{"c":1}]}})", {.indent_size = 4}), "a:\n    b[1]{c}:\n        1");
    EXPECT_EQ(toon(R"({"a":{"b":1}})", {.indent_size = 0}), "a:\n b: 1");
}

TEST(ToToon, FoldsChainsOfSingleNamesWhenAsked)
{
    const ToonOptions folding{.key_folding = ToonKeyFolding::safe};
    EXPECT_EQ(toon(R"({"a":{"b":{"c":1}},"d":{"e":1,"f":2}})", folding),
              "a.b.c: 1\nd:\n  e: 1\n  f: 2");
    EXPECT_EQ(toon(R"({"a":{"b":{"c":1}}})"), "a:\n  b:\n    c: 1");
    // Not where a part is no plain name, or the folded name is there already.
    EXPECT_EQ(toon(R"({"a":{"x-y":1}})", folding), "a:\n  \"x-y\": 1");
    EXPECT_EQ(toon(R"({"a":{"b":1},"a.b":2})", folding), "a:\n  b: 1\na.b: 2");
    EXPECT_EQ(toon(R"({"a":{"b":{"c":{"d":1}}}})",
                   {.key_folding = ToonKeyFolding::safe, .flatten_depth = 3}),
              "a.b.c:\n  d: 1");
}

TEST(ToToon, ReplacesInvalidUtf8)
{
    EXPECT_EQ(to_toon(json{{"k", "a\xFF"}}), "k: a\uFFFD");
    EXPECT_EQ(to_toon(json{{"k\xC3", "b"}}), "\"k\uFFFD\": b");
}

TEST(ToToon, TakesTheOrderOfTheObject)
{
    EXPECT_EQ(to_toon(json{{"z", 1}, {"a", 2}}), "a: 2\nz: 1");
    EXPECT_EQ(to_toon(ordered_json{{"z", 1}, {"a", 2}}), "z: 1\na: 2");
}

}  // namespace
}  // namespace tailops
