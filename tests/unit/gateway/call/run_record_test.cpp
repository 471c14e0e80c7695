#include "gateway/call/run_record.hpp"

#include <gtest/gtest.h>

namespace tailops::call {
namespace {

TEST(RunId, IsNoPath)
{
    for (const auto* id : {"r1", "5f2a9c1e8d7b6a40", "a-b_C"}) EXPECT_TRUE(is_run_id(id)) << id;
    for (const auto* id : {"", "../x", "a/b", "a.run", "a b", "ä"})
        EXPECT_FALSE(is_run_id(id)) << id;
    EXPECT_FALSE(is_run_id(std::string(65, 'a')));
}

TEST(RunRecord, ReadsOnlyWhatIsOne)
{
    RunRecord record;
    record.shown.id = RequestId{"r1"};
    const auto text = to_text(record);
    EXPECT_TRUE(read_run_record(text));
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        EXPECT_FALSE(read_run_record(std::string_view{text}.substr(0, cut)));
    }
    EXPECT_FALSE(read_run_record("{}"));
    EXPECT_FALSE(read_run_record("[]"));
    auto other = text;
    other.replace(other.find("\"version\":1"), 11, "\"version\":2");
    EXPECT_FALSE(read_run_record(other));
}

TEST(RunRecord, IsNotTheLineThatSaysItIsGone)
{
    const auto line = gone_text(RequestId{"r1"});
    EXPECT_EQ(read_gone(line), RequestId{"r1"});
    EXPECT_FALSE(read_run_record(line));
    for (const auto* other : {"", "{}", R"({"version":1,"run":"r1"})", R"({"gone":"a.b"})",
                              R"({"gone":1})", R"({"gone":"r1")"}) {
        EXPECT_FALSE(read_gone(other)) << other;
    }
}

}  // namespace
}  // namespace tailops::call
