#include "gateway/doors/mcp/wire/json_text.hpp"

#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace tailops::mcp {
namespace {

using nlohmann::json;

TEST(JsonText, EscapesWhatJsonForbidsAndNothingElse)
{
    EXPECT_EQ(json_string("plain / text \x7f"), "\"plain / text \x7f\"");
    EXPECT_EQ(json_string("a\"b\\c\n\r\t\b\f\x01\x1f"), R"("a\"b\\c\n\r\t\b\f\u0001\u001f")");
    EXPECT_EQ(json_string(""), "\"\"");
    EXPECT_EQ(json_string(std::string_view{"\0", 1}), R"("\u0000")");
    EXPECT_EQ(json_string("日本 ü 🙂"), "\"日本 ü 🙂\"");
}

TEST(JsonText, FindsSpecialBytesAtEveryOffset)
{
    // Long enough for the pieces that a text is written in.
    for (std::size_t at = 0; at < 300; ++at) {
        for (const std::string special :
             {"\"", "\\", "\n", "\x1f", "\x01\x02", "\u00fc", "\U0001F642\""}) {
            auto text = std::string(at, 'x') + special + std::string(299 - at, 'y');
            EXPECT_EQ(json_string(text), json(text).dump()) << at;
        }
    }
}

TEST(JsonText, HasRoomForTextThatIsAllEscapes)
{
    for (const std::size_t length : {7U, 8U, 127U, 128U, 129U, 1'000U}) {
        const std::string text(length, '\x1f');
        EXPECT_EQ(json_string(text), json(text).dump()) << length;
    }
}

TEST(JsonText, RepairsInvalidUtf8)
{
    EXPECT_EQ(json_string("a\xff\xc3(b"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD(b\"");
    EXPECT_EQ(json_string("\xe6\x97"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(json_string("ok \xed\xa0\x80").find('\xed'), std::string::npos);
}

TEST(JsonText, WritesValuesAsTheLibraryDoes)
{
    for (const std::string_view text :
         {R"({})", R"([])", R"({"a":[1,-2,18446744073709551615,true,false,null],"b":{"c":"d\n"}})",
          R"([0.1,1.0,-2.5,1e300,-9223372036854775808])", R"("x")", R"([[],{},[[]]])"}) {
        const auto value = parse_json(text).value();
        std::string out;
        append_json(out, value);
        EXPECT_EQ(parse_json(out).value(), value) << text;
        EXPECT_EQ(parse_json(out).value().dump(), value.dump()) << text;
    }
    std::string out;
    append_json(out, json(std::numeric_limits<double>::infinity()));
    append_json(out, json(std::nan("")));
    EXPECT_EQ(out, "nullnull");
    out.clear();
    append_json(out, json(1.0));
    EXPECT_EQ(out, "1.0");
}

}  // namespace
}  // namespace tailops::mcp
