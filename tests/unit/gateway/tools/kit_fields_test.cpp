#include "gateway/core/json.hpp"
#include "gateway/tools/kit/fields.hpp"
#include "gateway/tools/kit/json_schema.hpp"
#include "gateway/tools/kit/json_values.hpp"
#include "gateway/tools/tool.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <limits>

namespace tailops::tools::kit {
namespace {

using nlohmann::json;

enum class Order { cpu, memory };

constexpr std::array<std::string_view, 2> words(Order)
{
    return {"cpu", "memory"};
}

struct Point {
    std::int64_t x{};
    std::optional<std::string> label{};

    static void fields(Fields& f, Point& s)
    {
        f("x", s.x, "Across");
        f("label", s.label);
    }
};

struct Everything {
    std::string name{};
    std::int64_t limit{10};
    std::uint64_t bytes{};
    double share{0.5};
    bool all{true};
    Order sort_by{Order::memory};
    std::optional<std::string> since{};
    std::vector<std::string> tags{};
    std::vector<Point> points{};
    std::map<std::string, std::int64_t> counts{};
    Point origin{};

    static void fields(Fields& f, Everything& s)
    {
        f("name", s.name, "Which one",
          {.required = true, .shortest = 1, .longest = 8, .pattern = "^[a-z]+$", .example = "web"});
        f("limit", s.limit, "How many", {.min = 1, .max = 100, .example = "20"});
        f("bytes", s.bytes);
        f("share", s.share);
        f("all", s.all);
        f("sort_by", s.sort_by, "By what");
        f("since", s.since, "From when on");
        f("tags", s.tags, "Bears these", {.longest = 3, .example = R"(["a", "b"])"});
        f("points", s.points);
        f("counts", s.counts);
        f("origin", s.origin, "Where it begins");
    }
};

json parsed(std::string_view text)
{
    return *parse_json(text);
}

template <class T>
json arguments_schema()
{
    T blank;
    ObjectOf<T> object{blank};
    return schema_of_arguments(object);
}

template <class T>
json results_schema(bool required)
{
    T blank;
    ObjectOf<T> object{blank};
    return schema_of_results(object, required);
}

template <class T>
Result<T> read(const json& from)
{
    T out;
    ObjectOf<T> object{out};
    auto status = read_json(from, object);
    if (!status) return fail(std::move(status).error());
    return out;
}

template <class T>
json written(T value)
{
    ObjectOf<T> object{value};
    return write_json(object);
}

template <class T>
std::string why_not(const json& from)
{
    const auto value = read<T>(from);
    return value ? "" : value.error().describe();
}

TEST(SchemaOfArguments, IsStrictAndHasTheRulesAndTheDefaultsOfTheMembers)
{
    const auto point = parsed(R"json({
        "type": "object", "additionalProperties": false,
        "properties": {"x": {"type": "integer", "description": "Across", "default": 0},
                       "label": {"type": "string"}}})json");
    auto origin = point;
    origin["description"] = "Where it begins";
    auto wanted = parsed(R"json({
        "type": "object", "additionalProperties": false, "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Which one", "minLength": 1, "maxLength": 8,
                     "pattern": "^[a-z]+$", "examples": ["web"]},
            "limit": {"type": "integer", "description": "How many", "minimum": 1, "maximum": 100,
                      "default": 10, "examples": [20]},
            "bytes": {"type": "integer", "default": 0},
            "share": {"type": "number", "default": 0.5},
            "all": {"type": "boolean", "default": true},
            "sort_by": {"type": "string", "description": "By what", "enum": ["cpu", "memory"],
                        "default": "memory"},
            "since": {"type": "string", "description": "From when on"},
            "tags": {"type": "array", "description": "Bears these", "items": {"type": "string"},
                     "maxItems": 3, "examples": [["a", "b"]]},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}, "default": {}}}})json");
    wanted["properties"]["points"] = {{"type", "array"}, {"items", point}};
    wanted["properties"]["origin"] = origin;
    EXPECT_EQ(arguments_schema<Everything>(), wanted);
}

TEST(SchemaOfResults, RequiresWhatIsNeverAbsent)
{
    const auto wanted = parsed(R"json({
        "type": "object", "required": ["x"],
        "properties": {"x": {"type": "integer", "description": "Across"}, "label": {"type": "string"}}})json");
    EXPECT_EQ(results_schema<Point>(true), wanted);
    const auto lenient = results_schema<Everything>(false);
    EXPECT_FALSE(lenient.contains("required")) << "a dry run and a failure answer otherwise";
    EXPECT_EQ(lenient["properties"]["origin"]["required"], json::array({"x"}));
    EXPECT_EQ(lenient["properties"]["points"]["items"], wanted);
    EXPECT_FALSE(lenient["properties"]["limit"].contains("default"));
}

constexpr std::array<std::string_view, 2> loose_types = {"string", "integer"};
constexpr Rules loose_rules{.types = loose_types};
constexpr Rules short_rules{.longest = 4};

/// Values of several types, and what lists and dictionaries hold.
struct Loose {
    Json body{};
    std::map<std::string, Json> values{};
    std::map<std::string, std::string> texts{};
    std::vector<Json> items{};

    static void fields(Fields& f, Loose& s)
    {
        f("body", s.body, "Either", {.longest = 9, .types = loose_types});
        f("values", s.values, {}, {.of_items = &loose_rules});
        f("texts", s.texts, {}, {.of_items = &short_rules});
        f("items", s.items, {}, {.longest = 2, .of_items = &loose_rules});
    }
};

TEST(SchemaOfArguments, HasTheTypesOfAValueAndTheRulesOfWhatIsHeld)
{
    EXPECT_EQ(arguments_schema<Loose>(), parsed(R"json({
        "type": "object", "additionalProperties": false, "properties": {
            "body": {"type": ["string", "integer"], "description": "Either", "maxLength": 9},
            "values": {"type": "object", "default": {},
                       "additionalProperties": {"type": ["string", "integer"]}},
            "texts": {"type": "object", "default": {},
                      "additionalProperties": {"type": "string", "maxLength": 4}},
            "items": {"type": "array", "maxItems": 2, "items": {"type": ["string", "integer"]}}}})json"));
}

TEST(ReadJson, TakesAValueOfTheTypesThatAreNamedAndNoOther)
{
    const auto text =
        parsed(R"({"body": "x", "values": {"a": 1, "b": "2"}, "texts": {}, "items": [1, "b"]})");
    const auto made = read<Loose>(text);
    ASSERT_TRUE(made);
    EXPECT_EQ(written(*made), text);
    EXPECT_EQ(why_not<Loose>(parsed(R"({"body": {}})")),
              "invalid_argument: \"body\" must be text or a whole number");
    EXPECT_EQ(why_not<Loose>(parsed(R"({"values": {"a": true}})")),
              "invalid_argument: \"values.a\" must be text or a whole number");
}

TEST(ReadJson, KeepsTheDefaultOfWhatIsAbsentOrNull)
{
    for (const auto* text : {"{}", R"({"name": null, "limit": null, "since": null, "tags": null,
                                       "origin": null, "sort_by": null, "other": 1})"}) {
        const auto read_back = read<Everything>(parsed(text));
        ASSERT_TRUE(read_back) << text;
        EXPECT_EQ(written(*read_back), written(Everything{}));
    }
}

TEST(ReadJson, ReadsWhatWriteJsonWrote)
{
    Everything value;
    value.name = "web";
    value.limit = -3;
    value.bytes = std::numeric_limits<std::uint64_t>::max();
    value.share = 2;
    value.all = false;
    value.sort_by = Order::cpu;
    value.since = "today";
    value.tags = {"a", "b"};
    value.points = {{.x = 1, .label = "one"}, {.x = 2}};
    value.counts = {{"ok", 3}, {"failed", 0}};
    value.origin.x = 7;
    const auto text = parsed(R"json({
        "name": "web", "limit": -3, "bytes": 18446744073709551615, "share": 2.0, "all": false,
        "sort_by": "cpu", "since": "today", "tags": ["a", "b"],
        "points": [{"x": 1, "label": "one"}, {"x": 2}], "counts": {"ok": 3, "failed": 0},
        "origin": {"x": 7}})json");
    EXPECT_EQ(written(value), text);
    const auto read_back = read<Everything>(text);
    ASSERT_TRUE(read_back);
    EXPECT_EQ(written(*read_back), text);
}

TEST(ReadJson, NamesTheMemberThatDoesNotFit)
{
    const auto why = [](std::string_view text) { return why_not<Everything>(parsed(text)); };
    EXPECT_EQ(why(R"({"name": 1})"), "invalid_argument: \"name\" must be text");
    EXPECT_EQ(why(R"({"limit": "1"})"), "invalid_argument: \"limit\" must be a whole number");
    EXPECT_EQ(why(R"({"limit": 1.0})"), "invalid_argument: \"limit\" must be a whole number");
    EXPECT_EQ(why(R"({"limit": 9223372036854775808})"),
              "invalid_argument: \"limit\" must be a whole number");
    EXPECT_EQ(why(R"({"limit": 9223372036854775807})"), "");
    EXPECT_EQ(why(R"({"bytes": -1})"),
              "invalid_argument: \"bytes\" must be a whole number from 0 on");
    EXPECT_EQ(why(R"({"share": "1"})"), "invalid_argument: \"share\" must be a number");
    EXPECT_EQ(why(R"({"all": 1})"), "invalid_argument: \"all\" must be true or false");
    EXPECT_EQ(why(R"({"sort_by": "disk"})"),
              "invalid_argument: \"sort_by\" must be one of \"cpu\", \"memory\"");
    EXPECT_EQ(why(R"({"since": 5})"), "invalid_argument: \"since\" must be text");
    EXPECT_EQ(why(R"({"tags": "a"})"), "invalid_argument: \"tags\" must be a list");
    EXPECT_EQ(why(R"({"tags": ["a", 2]})"), "invalid_argument: \"tags[1]\" must be text");
    EXPECT_EQ(why(R"({"points": [{"x": 1}, {"x": true}]})"),
              "invalid_argument: \"points[1].x\" must be a whole number");
    EXPECT_EQ(why(R"({"counts": {"ok": "3"}})"),
              "invalid_argument: \"counts.ok\" must be a whole number");
    EXPECT_EQ(why(R"({"origin": 3})"), "invalid_argument: \"origin\" must be an object");
    EXPECT_EQ(why(R"([])"), "invalid_argument: the value must be an object");
}

TEST(PolicyParameters, AreTheArgumentsThatRulesCanBeAbout)
{
    Everything value;
    value.name = "web";
    value.tags = {"a"};
    value.points = {{.x = 1}};
    ObjectOf<Everything> object{value};
    const policy::Parameters wanted{
        {"name", std::string{"web"}},
        {"limit", std::int64_t{10}},
        {"bytes", std::int64_t{0}},
        {"share", 0.5},
        {"all", true},
        {"sort_by", std::string{"memory"}},
        {"tags", std::vector<std::string>{"a"}},
    };
    EXPECT_EQ(policy_parameters(object), wanted);
    value.since = "today";
    EXPECT_EQ(policy_parameters(object).at("since"), policy::Value{std::string{"today"}});
    EXPECT_EQ(value.name, "web") << "they are copied";
}

TEST(Words, AreThoseOfTheEnumeration)
{
    EXPECT_EQ(word_of(Order::memory), "memory");
    EXPECT_EQ(words_of<Order>().size(), 2U);
}

}  // namespace
}  // namespace tailops::tools::kit
