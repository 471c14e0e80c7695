#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

struct Row {
    const char* says;
    const char* schema;
    const char* value;
    const char* refusal;  // part of the message; null: accepted
};

class Schema : public ::testing::TestWithParam<Row> {};

TEST_P(Schema, HoldsOrSaysWhatIsWrong)
{
    const auto& row = GetParam();
    const auto schema = parse_json(row.schema), value = parse_json(row.value);
    ASSERT_TRUE(schema && value);
    const auto status = validate_against(*schema, *value);
    if (!row.refusal) {
        EXPECT_TRUE(status) << status.error().describe();
        return;
    }
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::invalid_argument);
    EXPECT_THAT(status.error().public_message(), HasSubstr(row.refusal));
}

constexpr const char* limit =
    R"({"properties": {"limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}}, "additionalProperties": false})";
constexpr const char* name =
    R"({"properties": {"n": {"type": "string", "minLength": 2, "maxLength": 4}}})";
constexpr const char* coded =
    R"({"properties": {"n": {"type": "string", "pattern": "^[a-z]+$", "examples": ["abc"]}}, "required": ["n"]})";
constexpr const char* chosen =
    R"({"properties": {"c": {"enum": ["cpu", "memory"]}, "k": {"const": 7}}})";
constexpr const char* listed =
    R"({"properties": {"l": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}}})";
constexpr const char* mapped =
    R"({"properties": {"m": {"additionalProperties": {"type": ["string", "integer"]}}}})";
constexpr const char* nested =
    R"({"properties": {"o": {"type": "object", "properties": {"size": {}}, "additionalProperties": false, "required": ["size"]}}})";

INSTANTIATE_TEST_SUITE_P(
    Keywords,
    Schema,
    ::testing::Values(
        Row{"at_the_maximum", limit, R"({"limit": 100})", nullptr},
        Row{"over_the_maximum", limit, R"({"limit": 101})",
            R"("limit" must be at most 100, e.g. 10)"},
        Row{"at_the_minimum", limit, R"({"limit": 1})", nullptr},
        Row{"under_the_minimum", limit, R"({"limit": 0})",
            R"("limit" must be at least 1, e.g. 10)"},
        Row{"absent", limit, "{}", nullptr},
        Row{"a_number_in_quotes", limit, R"({"limit": "5"})", R"("limit" must be a whole number)"},
        Row{"a_fraction", limit, R"({"limit": 1.5})", "must be a whole number"},
        Row{"null_is_not_absent", limit, R"({"limit": null})", "must be a whole number"},
        Row{"unknown", limit, R"({"limt": 5})",
            R"(unknown parameter "limt"; did you mean "limit"?)"},
        Row{"shortest", name, R"({"n": "ab"})", nullptr},
        Row{"too_short", name, R"({"n": "a"})", "at least 2 characters"},
        Row{"longest_counts_characters", name, R"({"n": "äöüß"})", nullptr},
        Row{"too_long", name, R"({"n": "abcde"})", "at most 4 characters"},
        Row{"matching", coded, R"({"n": "xyz"})", nullptr},
        Row{"not_matching", coded, R"({"n": "x y"})",
            R"(must match ^[a-z]+$, which "x y" does not, e.g. "abc")"},
        Row{"a_line_end_does_not_slip_past_the_end", coded, R"({"n": "xyz\n"})", "must match"},
        Row{"missing", coded, "{}", R"("n" is missing, e.g. "abc")"},
        Row{"chosen", chosen, R"({"c": "cpu", "k": 7})", nullptr},
        Row{"not_chosen", chosen, R"({"c": "cpus"})",
            R"("c" must be one of "cpu", "memory"; did you mean "cpu"?)"},
        Row{"not_the_constant", chosen, R"({"k": 8})", R"("k" must be 7)"},
        Row{"items", listed, R"({"l": [1, 2]})", nullptr},
        Row{"too_few_items", listed, R"({"l": []})", "at least 1 items"},
        Row{"too_many_items", listed, R"({"l": [1, 2, 3]})", "at most 2 items"},
        Row{"an_item_of_another_type", listed, R"({"l": [1, "x"]})",
            R"("l[1]" must be a whole number)"},
        Row{"either_type", mapped, R"({"m": {"a": 1, "b": "x"}})", nullptr},
        Row{"neither_type", mapped, R"({"m": {"a": true}})",
            R"("m.a" must be text or a whole number)"},
        Row{"nested", nested, R"({"o": {"size": 1}})", nullptr},
        Row{"missing_inside", nested, R"({"o": {}})", R"("o.size" is missing)"},
        Row{"unknown_inside", nested, R"({"o": {"size": 1, "x": 2}})",
            R"(unknown parameter "x" (in "o"))"},
        Row{"not_an_object", R"({"type": "object"})", "[]", "the value must be an object"}),
    [](const auto& row) { return row.param.says; });

TEST(ValidateArguments, WantsATargetWhereTheToolIsAboutOne)
{
    const auto* tool = find("get_top_processes");
    ASSERT_TRUE(tool);
    EXPECT_TRUE(validate_arguments(*tool, {{"target", "web-01"}, {"limit", 5}}));
    const auto missing = validate_arguments(*tool, {{"limit", 5}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().public_message(), R"("target" is missing, e.g. "web-01")");
    EXPECT_FALSE(validate_arguments(*tool, {{"target", ""}}));
    EXPECT_FALSE(validate_arguments(*tool, json::array()));
}

TEST(ValidateArguments, TakesAnIdempotencyKeyWhereTheToolMayChangeSomething)
{
    const auto with_key = [](json arguments, const json& key) {
        arguments["target"] = "web-01";
        arguments["idempotency_key"] = key;
        return arguments;
    };
    const auto* changes = find("execute_command");
    const auto* looks = find("get_top_processes");
    ASSERT_TRUE(changes && looks);
    const json command{{"command_name", "uptime"}};
    EXPECT_TRUE(validate_arguments(*changes, with_key(command, "!~" + std::string(126, 'x'))));
    EXPECT_FALSE(validate_arguments(*changes, with_key(command, std::string(129, 'x'))));
    for (const auto* bad : {"", "a b", "a\n", "\x7f", "\u00e4"}) {
        EXPECT_FALSE(validate_arguments(*changes, with_key(command, bad))) << bad;
    }
    EXPECT_FALSE(validate_arguments(*looks, with_key(json::object(), "k")));
}

TEST(ValidateArguments, RefusesATargetWhereTheToolIsAboutTheGateway)
{
    const auto* tool = find("whoami");
    ASSERT_TRUE(tool);
    EXPECT_TRUE(validate_arguments(*tool, json::object()));
    EXPECT_FALSE(validate_arguments(*tool, {{"target", "web-01"}}));
}

}  // namespace
}  // namespace tailops::tools
