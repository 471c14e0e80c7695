#include "gateway/runs/run_record.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::runs {
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

TEST(RunRecord, ReadsTheStatesOfEarlierVersions)
{
    struct Row {
        std::string_view state, rest, now;
    };
    for (const auto& row : {
             Row{"done", R"(,"result":{"success":true}})", "ok"},
             Row{"done", R"(,"result":{"success":false}})", "failed"},
             Row{"done", "}", "ok"},
             Row{"failed", R"(,"error":"cancelled","message":"x"})", "cancelled"},
             Row{"failed", R"(,"error":"deadline_exceeded","message":"x"})", "deadline_exceeded"},
             Row{"unknown", "}", "unknown"},
             Row{"failed", R"(,"result":{"success":false}})", "failed"},
         }) {
        RunRecord record;
        record.shown.id = RequestId{"r1"};
        record.shown.state = tools::RunState::unknown;
        auto text = to_text(record);
        text.replace(text.find("\"unknown\""), 9, '"' + std::string{row.state} + '"');
        text.pop_back();
        text += row.rest;
        const auto read = read_run_record(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(to_string(read->shown.state), row.now) << text;
    }
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
}  // namespace tailops::runs
