#include "gateway/core/trace_context.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tailops {
namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent = "00-" + trace + "-00f067aa0ba902b7-01";

TEST(TraceContext, IsReadFromWhatIsValid)
{
    const auto read = read_trace_context(parent, "congo=t61rcWkgMzE");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->trace_id, trace);
    EXPECT_EQ(read->flags, "01");
    EXPECT_EQ(read->state, "congo=t61rcWkgMzE");
    // A later version may say more.
    EXPECT_TRUE(read_trace_context("cc" + parent.substr(2), ""));
    EXPECT_TRUE(read_trace_context("cc" + parent.substr(2) + "-more", ""));
}

TEST(TraceContext, IsNothingWhereItIsNot)
{
    const std::string zeros(32, '0');
    const std::vector<std::string> wrong{std::string{},
                                         std::string{"00"},
                                         parent + "-more",
                                         parent + "0",
                                         "ff" + parent.substr(2),
                                         "0g" + parent.substr(2),
                                         "cc" + parent.substr(2) + "more",
                                         "00-" + zeros + "-00f067aa0ba902b7-01",
                                         "00-" + trace + "-" + zeros.substr(16) + "-01",
                                         "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                         "00_" + trace + "-00f067aa0ba902b7-01",
                                         "00-" + trace + "-00f067aa0ba902b7-0x"};
    for (const auto& text : wrong) {
        EXPECT_FALSE(read_trace_context(text, "")) << text;
    }
}

TEST(TraceContext, LeavesOutAStateThatNoHeaderCarries)
{
    EXPECT_EQ(read_trace_context(parent, "a=b\r\nX: y")->state, "");
    EXPECT_EQ(read_trace_context(parent, std::string(513, 'a'))->state, "");
    EXPECT_EQ(read_trace_context(parent, std::string(512, 'a'))->state.size(), 512U);
}

TEST(TraceContext, GoesOnUnderASpanOfOurs)
{
    const auto read = read_trace_context(parent, "");
    EXPECT_EQ(traceparent_of(*read, "991eded8acd92ba6"), "00-" + trace + "-991eded8acd92ba6-01");
    EXPECT_EQ(traceparent_of(*read, "991eded8acd92ba6.2"), "00-" + trace + "-991eded8acd92ba6-01");
    EXPECT_EQ(traceparent_of(*read, "r1"), "");
    EXPECT_EQ(traceparent_of(*read, std::string(16, '0')), "");
}

}  // namespace
}  // namespace tailops
