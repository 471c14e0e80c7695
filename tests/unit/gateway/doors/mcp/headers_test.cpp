#include "gateway/doors/mcp/wire/headers.hpp"

#include <gtest/gtest.h>

namespace tailops::mcp {
namespace {

struct ValueRow {
    std::string_view name;
    std::string_view header;
    std::optional<std::string_view> value;
};

class HeaderValue : public ::testing::TestWithParam<ValueRow> {};

TEST_P(HeaderValue, DecodesOnlyTheSentinel)
{
    const auto decoded = decode_header_value(GetParam().header);
    EXPECT_EQ(decoded.has_value(), GetParam().value.has_value());
    if (GetParam().value) {
        EXPECT_EQ(decoded.value_or("not decoded"), *GetParam().value);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    HeaderValue,
    ::testing::ValuesIn(std::vector<ValueRow>{
        {"plain", "us-west1", "us-west1"},
        {"empty", "", ""},
        {"japanese", "=?base64?5pel5pys?=", "日本"},
        {"hello", "=?base64?SGVsbG8=?=", "Hello"},
        {"padded", "=?base64?IHBhZGRlZCA=?=", " padded "},
        {"newline", "=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"},
        {"sentinel_itself", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="},
        {"nothing_encoded",
         "=?base64?"
         "?=",
         ""},
        {"no_prefix", "SGVsbG8=", "SGVsbG8="},
        {"no_suffix", "=?base64?SGVsbG8=", "=?base64?SGVsbG8="},
        {"upper_case_is_literal", "=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="},
        {"overlapping_marks", "=?base64?=", "=?base64?="},
        {"missing_padding", "=?base64?SGVsbG8?=", std::nullopt},
        {"too_much_padding", "=?base64?SGVsbG8==?=", std::nullopt},
        {"not_canonical", "=?base64?SGVsbG9=?=", std::nullopt},
        {"foreign_letter", "=?base64?SGVs*G8=?=", std::nullopt},
        {"url_alphabet", "=?base64?-_-_?=", std::nullopt},
        {"space_inside", "=?base64?SGVs bG8=?=", std::nullopt},
        {"invalid_utf8", "=?base64?/w==?=", std::nullopt},
        {"raw_utf8", "日本", std::nullopt},
        {"control", "a\x01z", std::nullopt},
        {"delete", "a\x7f", std::nullopt},
        {"tab", "a\tb", "a\tb"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(HeaderValueEncoding, RoundsTrip)
{
    for (const std::string_view value : {"us-west1", "", " padded ", "日本", "a\nb",
                                         "=?base64?literal?=", "=?base64?x", "tab\tin"}) {
        const auto header = encode_header_value(value);
        EXPECT_EQ(decode_header_value(header).value(), value);
        EXPECT_TRUE(is_plain_header_value(header) || header.starts_with("=?base64?"));
    }
    EXPECT_EQ(encode_header_value("us-west1"), "us-west1");
}

TEST(SingleHeader, StripsSpaceAndComparesNamesWithoutCase)
{
    const http::Headers headers{{"mCp-MeThOd", " \ttools/call "}};
    const auto found = single_header(headers, "mcp-method");
    EXPECT_EQ(found.state, SingleHeader::State::present);
    EXPECT_EQ(found.value, "tools/call");
}

TEST(SingleHeader, TellsAbsenceRepetitionConflictAndBadBytes)
{
    using State = SingleHeader::State;
    EXPECT_EQ(single_header({{"X", "1"}}, "y").state, State::absent);
    EXPECT_EQ(single_header({{"Y", "1"}, {"y", " 1"}}, "y").state, State::present);
    EXPECT_EQ(single_header({{"Y", "1"}, {"y", "2"}}, "y").state, State::conflicting);
    EXPECT_EQ(single_header({{"Y", "1\x01"}}, "y").state, State::not_text);
    EXPECT_EQ(single_header({{"Y", "\xc3\xbc"}}, "y").state, State::not_text);
}

struct AcceptRow {
    std::string_view name;
    std::vector<std::string> values;
    bool json;
    bool events;
};

class Accept : public ::testing::TestWithParam<AcceptRow> {};

TEST_P(Accept, TellsWhatTheClientReads)
{
    http::Headers headers;
    for (const auto& value : GetParam().values) headers.emplace_back("Accept", value);
    const auto accepted = accepts(headers);
    EXPECT_EQ(accepted.json, GetParam().json);
    EXPECT_EQ(accepted.events, GetParam().events);
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    Accept,
    ::testing::ValuesIn(std::vector<AcceptRow>{
        {"missing", {}, true, true},
        {"blank", {""}, true, true},
        {"both", {"application/json, text/event-stream"}, true, true},
        {"in_two_headers", {"application/json", "text/event-stream"}, true, true},
        {"anything", {"*/*"}, true, true},
        {"json", {"application/json"}, true, false},
        {"events", {"text/event-stream"}, false, true},
        {"neither", {"text/html"}, false, false},
        {"ranges", {"text/*"}, false, true},
        {"case", {"Application/JSON;charset=utf-8"}, true, false},
        {"refused", {"*/*, text/event-stream;q=0"}, true, false},
        {"refused_exactly", {"application/json;q=0.000, */*;q=0.1"}, false, true},
        {"low_quality_is_no_refusal", {"application/json;q=0.01"}, true, false},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ContentType, IsJsonWithWhateverParameters)
{
    EXPECT_TRUE(is_json_content({{"Content-Type", "application/json"}}));
    EXPECT_TRUE(is_json_content({{"content-type", "Application/JSON ; charset=utf-8"}}));
    EXPECT_FALSE(is_json_content({{"Content-Type", "application/json-rpc"}}));
    EXPECT_FALSE(is_json_content({{"Content-Type", "text/plain"}}));
    EXPECT_FALSE(is_json_content({}));
}

}  // namespace
}  // namespace tailops::mcp
