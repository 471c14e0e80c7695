#include "targets/output.hpp"

#include "tests/support/collecting_sink.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {

using testing::CollectingSink;
using testing::numbered_lines;
using Wants = OutputSink::Wants;

/// What becomes of `text` that arrives in pieces of `piece` bytes.
ExecutionResult collected(const std::string& text,
                          std::size_t limit,
                          std::size_t piece,
                          std::shared_ptr<OutputSink> sink = nullptr)
{
    OutputCollector collector{OutputStream::output, {.limit_bytes = limit, .rest = sink}};
    for (std::size_t at = 0; at < text.size(); at += piece) {
        collector.add(std::string_view{text}.substr(at, piece));
    }
    ExecutionResult result;
    std::move(collector).finish(result);
    return result;
}

TEST(OutputCollector, KeepsBothEndsAndCountsHoweverItArrives)
{
    const auto text = numbered_lines(1000);
    for (const std::size_t limit : {0U, 1U, 7U, 100U, 499U, 500U, 501U, 999U, 1000U, 5000U}) {
        for (const std::size_t piece : {1U, 3U, 64U, 100U, 333U, 1000U}) {
            SCOPED_TRACE(std::to_string(limit) + " in pieces of " + std::to_string(piece));
            const auto sink = std::make_shared<CollectingSink>();
            const auto result = collected(text, limit, piece, sink);
            EXPECT_EQ(result.output, text.substr(0, limit));
            const auto behind = text.substr(std::min(limit, text.size()));
            EXPECT_EQ(result.output_tail,
                      behind.substr(behind.size() - std::min(limit, behind.size())));
            EXPECT_EQ(result.output_bytes, 1000U);
            EXPECT_EQ(result.output_lines, count_lines(text));
            EXPECT_EQ(result.truncated, limit < 1000);
            EXPECT_EQ(sink->output, limit < 1000 ? text : "");
        }
    }
}

TEST(OutputCollector, KeepsABoundedEndOfALargeLimit)
{
    const auto text = numbered_lines(4'000'000);
    const auto result = collected(text, 1'000'000, 16 * 1024);
    EXPECT_EQ(result.output.size(), 1'000'000U);
    EXPECT_EQ(result.output_tail, text.substr(text.size() - tail_bytes_max));
}

TEST(OutputCollector, SaysWhenNobodyWantsMore)
{
    OutputCollector alone{OutputStream::output, {.limit_bytes = 4, .rest = {}}};
    EXPECT_EQ(alone.add("abcd"), Wants::more);
    EXPECT_EQ(alone.add("e"), Wants::nothing);
    const auto sink = std::make_shared<CollectingSink>(6);
    OutputCollector kept{OutputStream::diagnostics, {.limit_bytes = 4, .rest = sink}};
    EXPECT_EQ(kept.add("abcde"), Wants::more);
    EXPECT_EQ(kept.add("fg"), Wants::nothing);
    EXPECT_EQ(kept.add("h"), Wants::nothing);
    EXPECT_EQ(kept.bytes(), 8U);
    EXPECT_EQ(sink->diagnostics, "abcdef");
    EXPECT_EQ(sink->output, "");
}

TEST(OutputCollector, CountsALastLineWithoutAnEnd)
{
    EXPECT_EQ(collected("", 10, 1).output_lines, 0U);
    EXPECT_EQ(collected("a", 10, 1).output_lines, 1U);
    EXPECT_EQ(collected("a\n", 10, 1).output_lines, 1U);
    EXPECT_EQ(collected("a\nb", 10, 1).output_lines, 2U);
}

TEST(KeepRest, ReachesWhateverHasOutput)
{
    const auto sink = std::make_shared<CollectingSink>();
    for (Operation operation :
         {Operation{Command{}}, Operation{EngineCall{}}, Operation{HttpCall{}}}) {
        keep_rest(operation, sink);
        EXPECT_EQ(sink.use_count(), 2);
    }
    Operation probe{Probe{}};
    keep_rest(probe, sink);
    EXPECT_EQ(sink.use_count(), 1);
}

}  // namespace
}  // namespace tailops::targets
