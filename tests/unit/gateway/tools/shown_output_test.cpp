#include "gateway/tools/shown_output.hpp"

#include "gateway/core/text.hpp"
#include "tests/support/collecting_sink.hpp"

#include <gtest/gtest.h>

namespace tailops::tools {
namespace {

using targets::ExecutionResult;
using targets::OutputStream;

/// `text` as an executor with this limit would hand it over.
ExecutionResult result_of(std::string_view text, std::size_t limit)
{
    targets::OutputCollector collector{OutputStream::output, {.limit_bytes = limit, .rest = {}}};
    collector.add(text);
    ExecutionResult result;
    std::move(collector).finish(result);
    return result;
}

TEST(ShownOutput, IsAllOfWhatFits)
{
    const auto result = result_of("a\nb\nc", 5);
    EXPECT_EQ(shown_output(result, OutputStream::output).head, "a\nb\nc");
    EXPECT_EQ(shown_output(result, OutputStream::output).tail, "");
}

TEST(ShownOutput, IsWholeLinesOfBothEndsAndNothingTwice)
{
    const auto text = tailops::testing::numbered_lines(10'000);
    for (std::size_t limit = 40; limit < text.size(); limit += 97) {
        const auto result = result_of(text, limit);
        const auto shown = shown_output(result, OutputStream::output);
        EXPECT_TRUE(text.starts_with(shown.head)) << limit;
        EXPECT_TRUE(shown.head.ends_with('\n')) << limit;
        EXPECT_TRUE(text.ends_with(shown.tail)) << limit;
        EXPECT_EQ(text[text.size() - shown.tail.size() - 1], '\n') << limit;
        EXPECT_LE(shown.head.size() + shown.tail.size(), limit);
        EXPECT_GE(shown.head.size() + shown.tail.size() + 24, limit);
    }
}

TEST(ShownOutput, CutsALongLineBetweenCharacters)
{
    std::string text;
    while (text.size() < 3000) text += "ü€🚀";
    for (std::size_t limit = 16; limit < 200; ++limit) {
        const auto result = result_of(text, limit);
        const auto shown = shown_output(result, OutputStream::output);
        EXPECT_TRUE(is_valid_utf8(shown.head)) << limit;
        EXPECT_TRUE(is_valid_utf8(shown.tail)) << limit;
        EXPECT_FALSE(shown.head.empty());
        EXPECT_FALSE(shown.tail.empty());
    }
}

TEST(ShownOutput, OfAPartBeginsThere)
{
    const auto result = result_of("head\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 21);
    const auto shown = shown_output_after(result, 5);
    EXPECT_EQ(shown.head, "1\n2\n3\n4\n5\n6\n");
    EXPECT_EQ(shown.tail, "8\n9\n");
}

}  // namespace
}  // namespace tailops::tools
