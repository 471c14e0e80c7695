#include "gateway/doors/mcp/wire/param_headers.hpp"

#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

struct SchemaRow {
    std::string_view name;
    std::string_view schema;
    int found;  // -1: refused
};

class ParamSchema : public ::testing::TestWithParam<SchemaRow> {};

TEST_P(ParamSchema, IsHeldToTheRules)
{
    const auto found = param_headers(parse_json(GetParam().schema).value());
    EXPECT_EQ(found ? static_cast<int>(found->size()) : -1, GetParam().found);
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    ParamSchema,
    ::testing::ValuesIn(std::vector<SchemaRow>{
        {"none", R"({"type":"object","properties":{"a":{"type":"string"}}})", 0},
        {"text", R"({"properties":{"a":{"type":"string","x-mcp-header":"A"}}})", 1},
        {"integer", R"({"properties":{"a":{"type":"integer","x-mcp-header":"A"}}})", 1},
        {"boolean", R"({"properties":{"a":{"type":"boolean","x-mcp-header":"A"}}})", 1},
        {"nested",
         R"({"properties":{"a":{"type":"object","properties":{"b":{"type":"string","x-mcp-header":"B"}}}}})",
         1},
        {"number", R"({"properties":{"a":{"type":"number","x-mcp-header":"A"}}})", -1},
        {"object", R"({"properties":{"a":{"type":"object","x-mcp-header":"A"}}})", -1},
        {"two_types", R"({"properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}})", -1},
        {"empty_name", R"({"properties":{"a":{"type":"string","x-mcp-header":""}}})", -1},
        {"space_in_name", R"({"properties":{"a":{"type":"string","x-mcp-header":"A B"}}})", -1},
        {"newline_in_name", R"({"properties":{"a":{"type":"string","x-mcp-header":"A\nB"}}})", -1},
        {"name_is_no_string", R"({"properties":{"a":{"type":"string","x-mcp-header":1}}})", -1},
        {"same_name_in_other_case",
         R"({"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}})",
         -1},
        {"in_items",
         R"({"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}})",
         -1},
        {"in_any_of", R"({"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]})",
         -1},
        {"in_defs", R"({"$defs":{"d":{"type":"string","x-mcp-header":"A"}}})", -1},
        {"at_the_root", R"({"type":"string","x-mcp-header":"A"})", -1},
        {"as_a_default", R"({"properties":{"a":{"type":"object","default":{"x-mcp-header":"A"}}}})",
         0},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

struct CallRow {
    std::string_view name;
    std::string_view arguments;
    http::Headers headers;
    bool fits;
};

class ParamHeaders : public ::testing::TestWithParam<CallRow> {};

TEST_P(ParamHeaders, RepeatTheArguments)
{
    const auto schema = parse_json(R"({"properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "count":{"type":"integer","x-mcp-header":"Count"},
        "deep":{"properties":{"flag":{"type":"boolean","x-mcp-header":"Flag"}}}}})");
    const auto expected = param_headers(schema.value()).value();
    const auto status =
        check_param_headers(expected, GetParam().headers, parse_json(GetParam().arguments).value());
    EXPECT_EQ(status.has_value(), GetParam().fits);
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    ParamHeaders,
    ::testing::ValuesIn(std::vector<CallRow>{
        {"nothing_given", "{}", {}, true},
        {"null_needs_no_header", R"({"region":null})", {}, true},
        {"header_without_value_is_ignored", "{}", {{"Mcp-Param-Region", "x"}}, true},
        {"equal", R"({"region":"us"})", {{"mcp-param-region", "us"}}, true},
        {"encoded", R"({"region":"Hello"})", {{"Mcp-Param-Region", "=?base64?SGVsbG8=?="}}, true},
        {"literal_that_looks_encoded",
         R"({"region":"SGVsbG8="})",
         {{"Mcp-Param-Region", "SGVsbG8="}},
         true},
        {"missing", R"({"region":"us"})", {}, false},
        {"different", R"({"region":"us"})", {{"Mcp-Param-Region", "eu"}}, false},
        {"different_case", R"({"region":"us"})", {{"Mcp-Param-Region", "US"}}, false},
        {"bad_padding",
         R"({"region":"Hello"})",
         {{"Mcp-Param-Region", "=?base64?SGVsbG8?="}},
         false},
        {"raw_bytes", R"({"region":"ü"})", {{"Mcp-Param-Region", "ü"}}, false},
        {"twice",
         R"({"region":"us"})",
         {{"Mcp-Param-Region", "us"}, {"Mcp-Param-Region", "eu"}},
         false},
        {"integer", R"({"count":42})", {{"Mcp-Param-Count", "42"}}, true},
        {"integer_by_value", R"({"count":42})", {{"Mcp-Param-Count", "42.0"}}, true},
        {"integer_in_body_by_value", R"({"count":42.0})", {{"Mcp-Param-Count", "42"}}, true},
        {"negative", R"({"count":-7})", {{"Mcp-Param-Count", "-7"}}, true},
        {"plus", R"({"count":7})", {{"Mcp-Param-Count", "+7"}}, false},
        {"exponent", R"({"count":1000})", {{"Mcp-Param-Count", "1e3"}}, false},
        {"fraction", R"({"count":42})", {{"Mcp-Param-Count", "42.5"}}, false},
        {"bare_point", R"({"count":42})", {{"Mcp-Param-Count", "42."}}, false},
        {"unsafe_integer",
         R"({"count":9007199254740993})",
         {{"Mcp-Param-Count", "9007199254740993"}},
         false},
        {"nested_flag", R"({"deep":{"flag":true}})", {{"Mcp-Param-Flag", "true"}}, true},
        {"flag_in_other_case", R"({"deep":{"flag":true}})", {{"Mcp-Param-Flag", "True"}}, false},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace tailops::mcp
