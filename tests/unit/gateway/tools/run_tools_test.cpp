#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using targets::OutputStream;

/// Answers with what the test put into it, and notes what it was asked.
class FakeView final : public GatewayView {
public:
    const auth::Principal& principal() const override { return who; }
    TimePoint now() const override { return {}; }
    TimePoint started() const override { return {}; }
    std::vector<VisibleTarget> targets() const override { return {}; }
    std::vector<const CatalogueCommand*> commands() const override
    {
        std::vector<const CatalogueCommand*> out;
        for (const auto& command : CommandCatalogue::shipped().all()) out.push_back(&command);
        return out;
    }
    Status trail_health() const override { return {}; }
    Result<RunView> run(const RequestId& id) const override
    {
        if (id == known.id) return known;
        return fail(Errc::not_found, "there is no such run");
    }
    std::vector<RunView> runs(std::size_t runs_max) const override
    {
        std::vector<RunView> out{all.begin(), all.begin() + std::min(runs_max, all.size())};
        return out;
    }
    Task<Result<OutputPage>> read_output(OutputQuestion question) const override
    {
        asked = question;
        co_return page;
    }

    auth::Principal who;
    RunView known;
    std::vector<RunView> all;
    OutputPage page;
    mutable OutputQuestion asked;
};

Result<json> read(const FakeView& view, json arguments)
{
    arguments["run"] = "r1";
    const auto* tool = find("read_output");
    if (auto fits = validate_arguments(*tool, arguments); !fits) return fail(fits.error());
    return tailops::testing::run([&](Runtime&) -> Task<Result<json>> {
        auto content = told(co_await tool->fetch(arguments, view));
        if (content) {
            EXPECT_TRUE(validate_against(*parse_json(tool->output_schema), *content));
        }
        co_return content;
    });
}

TEST(GetRun, TellsStateResultAndWhereToReadOn)
{
    FakeView view;
    view.known = {
        .id = RequestId{"r1"}, .tool = ToolName{"execute_command"}, .target = TargetId{"t"}};
    view.known.started = TimePoint{} + 1s;
    const auto* tool = find("get_run");
    const auto ask = [&](const char* id) { return told(tool->answer({{"run_id", id}}, view)); };
    EXPECT_EQ(ask("r1")->at("state"), "running");
    EXPECT_EQ(ask("r2").error().code(), Errc::not_found);
    view.known.state = RunState::ok;
    view.known.ended = TimePoint{} + 3s;
    EXPECT_TRUE(ask("r1")->contains("note"));
    view.known.result = std::make_shared<const json>(json{{"success", true}});
    view.known.output = {.bytes = 100, .lines = 10, .kept_bytes = 90};
    view.known.not_kept = "why";
    const auto done = ask("r1");
    EXPECT_TRUE(validate_against(*parse_json(tool->output_schema), *done));
    EXPECT_EQ(done->at("result").at("success"), true);
    EXPECT_EQ(done->at("ended"), "1970-01-01T00:00:03.000Z");
    EXPECT_EQ(done->at("stdout").at("read_more"), "tailops://runs/r1/stdout");
    EXPECT_EQ(done->at("not_kept"), "why");
    EXPECT_FALSE(done->contains("stderr"));
    EXPECT_FALSE(done->contains("note"));
    view.known.state = RunState::unreachable;
    view.known.result = nullptr;
    view.known.error = Error{Errc::unreachable, "gone"}.with_detail("secret host");
    EXPECT_EQ(ask("r1")->at("error"), (json{{"code", "unreachable"}, {"message", "gone"}}));
}

TEST(ListRuns, TellsTheNewestAndThoseOfAState)
{
    FakeView view;
    const auto* tool = find("list_runs");
    const auto ids = [&](const json& arguments) {
        const auto answer = told(tool->answer(arguments, view));
        EXPECT_TRUE(validate_against(*parse_json(tool->output_schema), *answer));
        std::string out;
        for (const auto& run : answer->at("runs")) out += std::string{run.at("run_id")};
        return out;
    };
    EXPECT_EQ(ids(json::object()), "");
    for (const char id : {'a', 'b', 'c'}) {
        RunView run{.id = RequestId{std::string{id}},
                    .tool = ToolName{"execute_command"},
                    .target = TargetId{"t"}};
        if (id == 'b') run.state = RunState::ok;
        view.all.push_back(std::move(run));
    }
    EXPECT_EQ(ids(json::object()), "abc");
    EXPECT_EQ(ids({{"limit", 2}}), "ab");
    EXPECT_EQ(ids({{"state", "ok"}}), "b");
    EXPECT_EQ(ids({{"state", "running"}, {"limit", 1}}), "a");
    EXPECT_EQ(ids({{"state", "failed"}}), "");
}

TEST(ReadOutput, AsksForAPageTheTailOrMatches)
{
    FakeView view;
    view.page = {
        .bytes = "x\n", .offset = 7, .next_offset = 9, .matches = 2, .extent = {50, 5, 40}};
    const auto page = read(view, {{"offset", 7}, {"limit", 300}, {"stream", "stderr"}});
    ASSERT_TRUE(page) << page.error().describe();
    const auto& slice = std::get<OutputQuestion::Slice>(view.asked.part);
    EXPECT_EQ(slice.offset, 7U);
    EXPECT_EQ(slice.bytes_max, 300U);
    EXPECT_EQ(slice.ends, OutputQuestion::Slice::Ends::between_lines);
    EXPECT_EQ(view.asked.stream, OutputStream::diagnostics);
    EXPECT_EQ(page->at("text"), "x\n");
    EXPECT_EQ(page->at("next_offset"), 9);
    EXPECT_EQ(page->at("total_bytes"), 50);
    EXPECT_EQ(page->at("kept_bytes"), 40);
    EXPECT_FALSE(page->contains("matches"));

    ASSERT_TRUE(read(view, {{"tail", 12}}));
    EXPECT_EQ(std::get<OutputQuestion::Tail>(view.asked.part).lines, 12U);
    EXPECT_EQ(view.asked.stream, OutputStream::output);

    const auto found = read(view, {{"grep", "a+"}, {"context", 2}, {"offset", 5}});
    const auto& grep = std::get<OutputQuestion::Grep>(view.asked.part);
    EXPECT_EQ(grep.pattern, "a+");
    EXPECT_EQ(grep.context, 2U);
    EXPECT_EQ(grep.offset, 5U);
    EXPECT_EQ(found->at("matches"), 2);
}

TEST(ReadOutput, RefusesTwoQuestionsAtOnce)
{
    const FakeView view;
    EXPECT_FALSE(read(view, {{"tail", 1}, {"grep", "x"}}));
    EXPECT_FALSE(read(view, {{"tail", 1}, {"offset", 1}}));
    EXPECT_TRUE(read(view, {{"tail", 1}, {"offset", 0}}));
    EXPECT_FALSE(read(view, {{"limit", 100'000}}));
}

}  // namespace
}  // namespace tailops::tools
