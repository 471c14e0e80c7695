#include "gateway/core/text.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/call/runs_rig.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>

namespace tailops::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;
using targets::OutputStream;
using testing::numbered_lines;
using tools::OutputQuestion;
using tools::RunState;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_ours = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool memory_is_ours = false;  // a sanitizer's is most of it
#else
constexpr bool memory_is_ours = true;
#endif
#else
constexpr bool memory_is_ours = true;
#endif

/// The peak of this process's memory in KiB since reset_peak().
std::size_t peak_kib()
{
    std::ifstream file{"/proc/self/status"};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmHWM:")) {
            return static_cast<std::size_t>(std::strtoul(line.c_str() + 6, nullptr, 10));
        }
    }
    return 0;
}

void reset_peak()
{
    std::ofstream{"/proc/self/clear_refs"} << "5";
}

using RunsTest = RunsRig;

TEST(RunsBook, ForgetsResultsWithTheRunsThatHadThem)
{
    runs::Runs runs{nullptr, {.runs_max = 10}};
    const auto content = std::make_shared<const json>(json{{"output", "hello"}});
    for (int i = 0; i < 1000; ++i) {
        runs::RunRecord record;
        record.shown.id = RequestId{"run-" + std::to_string(i)};
        const auto run = runs.begin(std::move(record));
        runs.finish(*run, TimePoint{}, content);
        ASSERT_LE(runs.noted_results(), 21U) << i;
    }
    const auto all = [](const runs::RunRecord&) { return true; };
    EXPECT_EQ(runs.newest(100, all).size(), 10U);
    EXPECT_TRUE(runs.find(RequestId{"run-999"}, all)->result);
    EXPECT_FALSE(runs.find(RequestId{"run-989"}, all));
}

TEST_F(RunsTest, AnOutputThatIsCutCanBeReadToItsEnd)
{
    settings_.run_bytes_max = 64 * 1024 * 1024;
    start();
    const auto answer = rig_.command("flood");
    ASSERT_TRUE(answer) << answer.error().describe();
    const auto& content = *answer->content;
    const auto expected = numbered_lines(flood_bytes);
    EXPECT_EQ(content.at("truncated"), true);
    EXPECT_EQ(content.at("stdout_bytes"), flood_bytes);
    EXPECT_EQ(content.at("stdout_lines"), 6'388'889);
    EXPECT_EQ(content.at("run_id"), "r1");
    EXPECT_EQ(content.at("read_more"), "tailops://runs/r1/stdout");
    EXPECT_FALSE(content.contains("not_kept"));
    const auto head = content.at("output").get<std::string>();
    const auto tail = content.at("output_tail").get<std::string>();
    EXPECT_TRUE(expected.starts_with(head));
    EXPECT_TRUE(expected.ends_with(tail));
    EXPECT_LE(head.size() + tail.size(), 65'536U);
    EXPECT_GE(head.size() + tail.size(), 65'000U);
    EXPECT_TRUE(whole("r1") == expected);
}

TEST_F(RunsTest, ABoundOnARunIsTold)
{
    start();
    rig_.command("greet");  // what is made once is there
    reset_peak();
    const auto before = peak_kib();
    const auto answer = rig_.command("flood", "alice", "r2");
    const auto grown = peak_kib() - before;
    ASSERT_TRUE(answer);
    // The default bound of a run, once waiting and once being written.
    EXPECT_TRUE(grown < 36 * 1024U || !memory_is_ours) << grown << " KiB";
    EXPECT_EQ(answer->content->at("stdout_bytes"), flood_bytes);
    EXPECT_EQ(answer->content->at("not_kept"), "of one call the first 16777216 bytes are kept");
    const auto end = page(slice("r2", 16'777'000, 1000));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->bytes.size(), 216U);
    EXPECT_FALSE(end->next_offset);
    EXPECT_EQ(end->extent.bytes, flood_bytes);
    EXPECT_EQ(end->extent.kept_bytes, 16'777'216U);
    EXPECT_EQ(end->not_kept, "of one call the first 16777216 bytes are kept");
}

TEST_F(RunsTest, OnlyItsOwnPrincipalFindsARun)
{
    start();
    ASSERT_TRUE(rig_.command("much", "alice", "r1"));
    ASSERT_TRUE(rig_.command("greet", "anna", "r2"));
    EXPECT_TRUE(get_run("r1"));
    EXPECT_TRUE(get_run("r2", "anna"));
    EXPECT_TRUE(page(slice("r1", 0, 10)));
    const auto unknown = get_run("r9");
    ASSERT_FALSE(unknown);
    for (const auto* subject : {"anna", "mallory"}) {
        const auto others = get_run("r1", subject);
        ASSERT_FALSE(others) << subject;
        EXPECT_EQ(others.error().code(), unknown.error().code());
        EXPECT_EQ(others.error().public_message(), "there is no run \"r1\" of yours");
        const auto output = page(slice("r1", 0, 10), subject);
        ASSERT_FALSE(output);
        EXPECT_EQ(output.error().public_message(), "there is no run \"r1\" of yours");
        EXPECT_FALSE(ask("read_output", {{"run", "r1"}}, subject));
    }
    const auto ids = [&](const std::string& subject) {
        std::string out;
        const auto listed = ask("list_runs", json::object(), subject);
        for (const auto& run : listed->content->at("runs")) out += std::string{run.at("run_id")};
        return out;
    };
    EXPECT_EQ(ids("alice"), "r1");
    EXPECT_EQ(ids("anna"), "r2");
    EXPECT_EQ(ids("mallory"), "");
    EXPECT_EQ(unknown.error().public_message(), "there is no run \"r9\" of yours");
}

TEST_F(RunsTest, WhoMayNoLongerCallMayNoLongerRead)
{
    start();
    ASSERT_TRUE(rig_.command("much"));
    rig_.swap_gate(CallRig::gate_of({"anna"}));
    EXPECT_FALSE(get_run("r1"));
    EXPECT_FALSE(page(slice("r1", 0, 10)));
}

TEST_F(RunsTest, ReadOutputShowsPagesTailsAndMatches)
{
    start();
    ASSERT_TRUE(rig_.command("flood"));
    const auto first = ask("read_output", {{"run", "r1"}, {"limit", 300}});
    ASSERT_TRUE(first) << first.error().describe();
    const auto text = first->content->at("text").get<std::string>();
    EXPECT_TRUE(text.starts_with("1\n2\n"));
    EXPECT_TRUE(text.ends_with('\n'));
    EXPECT_EQ(first->content->at("next_offset"), text.size());
    EXPECT_EQ(first->content->at("state"), "ok");
    const auto tail = ask("read_output", {{"run", "r1"}, {"tail", 2}});
    EXPECT_EQ(tail->content->at("total_bytes"), flood_bytes);
    EXPECT_EQ(std::ranges::count(tail->content->at("text").get<std::string>(), '\n'), 2);
    const auto found = ask("read_output", {{"run", "r1"}, {"grep", "^77777.$"}, {"context", 1}});
    EXPECT_EQ(found->content->at("matches"), 10);
    EXPECT_TRUE(found->content->at("text").get<std::string>().starts_with("777769-777769\n"));
    EXPECT_EQ(ask("read_output", {{"run", "r1"}, {"grep", "("}}).error().code(),
              Errc::invalid_argument);
    EXPECT_EQ(ask("read_output", {{"run", "r1"}, {"stream", "stderr"}}).error().code(),
              Errc::not_found);
}

TEST_F(RunsTest, AShortOutputHasNothingToReadOn)
{
    start();
    const auto answer = rig_.command("greet");
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->content->contains("run_id"));
    EXPECT_EQ(page(slice("r1", 0, 10)).error().code(), Errc::not_found);
    EXPECT_EQ(get_run("r1")->content->at("result").at("output"), "hello\n");
    restart();
    EXPECT_FALSE(get_run("r1"));
}

TEST_F(RunsTest, AFailureIsToldLater)
{
    start();
    ASSERT_FALSE(rig_.command("missing"));
    const auto run = get_run("r1");
    EXPECT_EQ(run->content->at("state"), "not_found");
    EXPECT_EQ(run->content->at("error").at("code"), "not_found");
}

TEST_F(RunsTest, ACancelledRunKeepsWhatItWrote)
{
    settings_.run_bytes_max = 1'000'000;
    start();
    rig_.run_task<bool>([&]() -> Task<bool> {
        const auto home = co_await asio::this_coro::executor;
        asio::cancellation_signal leave;
        bool done = false;
        asio::co_spawn(
            home,
            [&]() -> Task<void> {
                auto call = rig_.invocation("execute_command",
                                            {{"target", "local"}, {"command_name", "endless"}});
                (void)co_await rig_.pipeline->run(std::move(call));
                done = true;
            },
            asio::bind_cancellation_slot(leave.slot(), [](std::exception_ptr) {}));
        asio::steady_timer turn{home};
        bool is_seen = false;
        while (!is_seen) {
            turn.expires_after(1ms);
            co_await turn.async_wait(asio::use_awaitable);
            const auto run =
                rig_.runs->find(RequestId{"r1"}, [](const runs::RunRecord&) { return true; });
            is_seen = run && run->output.kept_bytes > 0;
            EXPECT_TRUE(!run || run->state == RunState::running);
        }
        leave.emit(asio::cancellation_type::terminal);
        while (!done) {
            turn.expires_after(1ms);
            co_await turn.async_wait(asio::use_awaitable);
        }
        co_return done;
    });
    const auto run = get_run("r1");
    EXPECT_EQ(run->content->at("state"), "cancelled");
    EXPECT_EQ(run->content->at("error").at("code"), "cancelled");
    const auto text = whole("r1");
    EXPECT_EQ(run->content->at("stdout").at("kept_bytes"), text.size());
    EXPECT_TRUE(text.starts_with("y\ny\n"));
    EXPECT_EQ(text.find_first_not_of("y\n"), std::string::npos);
}

TEST_F(RunsTest, AFullDiskSpoilsNoCall)
{
    std::filesystem::create_directories(settings_.folder);
    const testing::SmallDisk disk{settings_.folder};
    start();
    const auto answer = rig_.command("flood");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->content->at("success"), true);
    EXPECT_EQ(answer->content->at("stdout_bytes"), flood_bytes);
    EXPECT_EQ(answer->content->at("not_kept"), "the gateway's disk is full or failed");
    EXPECT_TRUE(answer->content->at("output_tail").get<std::string>().ends_with("6388889\n"));
    const auto text = whole("r1");
    EXPECT_TRUE(numbered_lines(text.size()) == text);
}

TEST_F(RunsTest, WithoutASpoolAResultSaysThatNothingIsKept)
{
    const auto answer = rig_.command("flood");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->content->at("not_kept"), "this gateway keeps no outputs");
    EXPECT_FALSE(answer->content->contains("read_more"));
    EXPECT_EQ(get_run("r1")->content->at("state"), "ok");
}

TEST_F(RunsTest, AnOutputThatBrokeOffSaysSo)
{
    start();
    runs::RunRecord record;
    record.shown.id = RequestId{"r1"};
    const auto run = rig_.runs->begin(record);
    const auto sink = run->keep_output({});
    sink->write(OutputStream::output, "all that came");
    rig_.run_task<bool>([&]() -> Task<bool> {
        targets::ExecutionResult partial;
        partial.output_bytes = 100;
        partial.truncated = true;
        const Result<targets::ExecutionResult> result{partial};
        co_await rig_.runs->settle(*run, result);
        co_return true;
    });
    json content = json::object();
    rig_.runs->tell(*run, content);
    EXPECT_EQ(content.at("not_kept"), "the target did not send the rest in time, or broke off");
    EXPECT_EQ(content.at("read_more"), "tailops://runs/r1/stdout");
}

TEST(Runs, ForgetsTheOldestRunAndTheOldestResultFirst)
{
    runs::Runs runs{nullptr, {.runs_max = 3, .result_bytes_max = 3000}};
    const auto everybody = [](const runs::RunRecord&) { return true; };
    for (const char* id : {"r1", "r2", "r3", "r4"}) {
        runs::RunRecord record;
        record.shown.id = RequestId{id};
        const auto run = runs.begin(record);
        runs.finish(*run, {}, std::make_shared<const json>(json{{"text", std::string(1200, 'x')}}));
    }
    EXPECT_FALSE(runs.find(RequestId{"r1"}, everybody));
    EXPECT_EQ(runs.find(RequestId{"r2"}, everybody)->result, nullptr);
    EXPECT_EQ(runs.find(RequestId{"r2"}, everybody)->state, RunState::ok);
    EXPECT_NE(runs.find(RequestId{"r3"}, everybody)->result, nullptr);
    EXPECT_NE(runs.find(RequestId{"r4"}, everybody)->result, nullptr);
}

/// Runs of several callers in a small book.
class RunBook : public ::testing::Test {
protected:
    std::shared_ptr<runs::Run> begin(const std::string& id, const std::string& owner, Tier tier)
    {
        runs::RunRecord record;
        record.shown.id = RequestId{id};
        record.owner = owner;
        record.tier = tier;
        return runs_.begin(std::move(record));
    }
    void enter(const std::string& id, const std::string& owner, Tier tier = Tier::observe)
    {
        const auto run = begin(id, owner, tier);
        runs_.finish(*run, {}, std::make_shared<const json>(json::object()));
    }
    bool has(const std::string& id) const
    {
        return runs_.find(RequestId{id}, [](const runs::RunRecord&) { return true; }).has_value();
    }

    runs::Runs runs_{nullptr, {.runs_max = 8}};
};

TEST_F(RunBook, OneCallerDoesNotTakeItFromAnother)
{
    enter("change", "bob", Tier::control);
    enter("look", "bob");
    for (int i = 0; i < 100; ++i) enter("low-" + std::to_string(i), "low");
    EXPECT_TRUE(has("change"));
    EXPECT_TRUE(has("look"));
    EXPECT_FALSE(has("low-93"));
    EXPECT_TRUE(has("low-94")) << "the rest is hers";
}

TEST_F(RunBook, KeepsChangesLongerThanLooksButNotEveryPlace)
{
    enter("change", "alice", Tier::control);
    for (int i = 0; i < 100; ++i) enter("look-" + std::to_string(i), "alice");
    EXPECT_TRUE(has("change"));
    for (int i = 0; i < 100; ++i) enter("change-" + std::to_string(i), "alice", Tier::control);
    EXPECT_FALSE(has("change"));
    EXPECT_FALSE(has("look-99")) << "older than all that changed something since";
    enter("late-1", "alice");
    enter("late-2", "alice");
    EXPECT_TRUE(has("late-1")) << "a book full of changes has room for what was asked last";
    EXPECT_TRUE(has("change-99"));
}

TEST_F(RunBook, NeverForgetsWhatStillRuns)
{
    const auto runs = begin("runs", "alice", Tier::control);
    for (int i = 0; i < 100; ++i) enter("look-" + std::to_string(i), "alice");
    EXPECT_TRUE(has("runs"));
    const auto under_way = runs_.under_way();
    ASSERT_EQ(under_way.size(), 1U);
    EXPECT_EQ(under_way[0].id.view(), "runs");
    runs_.finish(*runs, {}, fail(Errc::cancelled, "stopped"));
    EXPECT_EQ(runs_.find(RequestId{"runs"}, [](const runs::RunRecord&) { return true; })->state,
              RunState::cancelled);
    EXPECT_TRUE(runs_.under_way().empty());
}

TEST_F(RunsTest, ReadingAnOutputIsRecorded)
{
    start();
    ASSERT_TRUE(rig_.command("flood"));
    rig_.trail.records.clear();
    const nlohmann::json run{{"run", "r1"}};
    ASSERT_TRUE(ask("read_output", run));
    ASSERT_EQ(rig_.trail.records.size(), 1U);
    EXPECT_EQ(rig_.trail.records[0].tool.view(), "read_output");
    EXPECT_EQ(rig_.trail.records[0].outcome, "ok");
    EXPECT_NE(rig_.trail.records[0].parameters.find("r1"), std::string::npos);
    ASSERT_FALSE(ask("read_output", run, "anna"));
    EXPECT_EQ(rig_.trail.records[1].outcome, "not_found");
    rig_.trail.is_broken = true;
    EXPECT_EQ(ask("read_output", run).error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace tailops::call
