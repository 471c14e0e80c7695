#include "gateway/call/spool.hpp"

#include "gateway/call/spool_writer.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/run.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

namespace tailops::call {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using targets::OutputStream;
using testing::numbered_lines;
using tools::RunState;
using Wants = targets::OutputSink::Wants;

class SettableClock final : public Clock {
public:
    TimePoint now() const override { return time; }
    TimePoint time{TimePoint{} + 1000h};
};

class SpoolTest : public ::testing::Test {
protected:
    SpoolTest() { settings_.folder = directory_.path() / "spool"; }

    /// Opens the spool as a daemon that starts does, and does something with it.
    template <class F>
    void with_spool(F work)
    {
        testing::run([&](Runtime& runtime) -> Task<void> {
            auto spool = Spool::open(settings_, clock_, runtime.blocking);
            if (!spool) throw std::runtime_error{spool.error().describe()};
            co_await work(*spool);
        });
    }

    RunRecord record(const std::string& id) const
    {
        RunRecord out;
        out.shown.id = RequestId{id};
        out.shown.tool = ToolName{"execute_command"};
        out.shown.target = TargetId{"web-01"};
        out.shown.started = clock_.time;
        out.owner = "issuer|alice";
        out.capability = "system:read";
        return out;
    }

    Task<Kept> keep(std::shared_ptr<Spool> spool, std::string id, std::string text)
    {
        const auto writer = spool->writer(record(id), {});
        std::string_view left{text};
        while (!left.empty()) {
            writer->write(OutputStream::output, left.substr(0, 10'000));
            left.remove_prefix(std::min<std::size_t>(left.size(), 10'000));
        }
        auto kept = co_await writer->settle();
        auto ended = record(id);
        ended.shown.state = RunState::done;
        ended.shown.output = {.bytes = text.size(), .lines = 1, .kept_bytes = kept.output.bytes};
        (void)spool->save_now(ended);
        co_return kept;
    }

    std::string text_of(Spool& spool,
                        const std::string& id,
                        OutputStream stream = OutputStream::output)
    {
        const auto file = spool.open_stream(RequestId{id}, stream);
        return file ? read_range(*file, 0, 100'000'000) : "gone";
    }

    std::set<std::string> names() const
    {
        std::set<std::string> out;
        for (const auto& entry : fs::directory_iterator{settings_.folder}) {
            out.insert(entry.path().filename());
        }
        return out;
    }

    testing::TemporaryDirectory directory_;
    SettableClock clock_;
    SpoolSettings settings_;
};

TEST_F(SpoolTest, KeepsBothStreamsForItsUserAlone)
{
    const auto text = numbered_lines(300'000);
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto writer = spool->writer(record("r1"), {});
        EXPECT_FALSE(writer->has_begun());
        EXPECT_EQ(writer->write(OutputStream::output, text), Wants::more);
        EXPECT_EQ(writer->write(OutputStream::diagnostics, "oops\n"), Wants::more);
        EXPECT_EQ(writer->write(OutputStream::output, "end"), Wants::more);
        const auto kept = co_await writer->settle();
        EXPECT_EQ(kept.output.bytes, text.size() + 3);
        EXPECT_EQ(kept.diagnostics.bytes, 5U);
        EXPECT_EQ(kept.diagnostics.lines, 1U);
        EXPECT_EQ(kept.not_kept, "");
        EXPECT_TRUE(text_of(*spool, "r1") == text + "end");
        EXPECT_EQ(text_of(*spool, "r1", OutputStream::diagnostics), "oops\n");
    });
    EXPECT_EQ(names(), (std::set<std::string>{"r1.stderr", "r1.stdout", "runs.jsonl"}));
    for (const auto& name : names()) {
        struct stat info{};
        ASSERT_EQ(::stat((settings_.folder / name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 07777U, 0600U) << name;
    }
    struct stat info{};
    ASSERT_EQ(::stat(settings_.folder.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST_F(SpoolTest, SaysWhereARunsBoundCutItOff)
{
    settings_.run_bytes_max = 25'000;
    const auto text = numbered_lines(100'000);
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto writer = spool->writer(record("r1"), {});
        EXPECT_EQ(writer->write(OutputStream::output, text.substr(0, 20'000)), Wants::more);
        EXPECT_EQ(writer->write(OutputStream::diagnostics, text.substr(0, 10'000)), Wants::nothing);
        EXPECT_EQ(writer->write(OutputStream::output, "x"), Wants::nothing);
        const auto kept = co_await writer->settle();
        EXPECT_EQ(kept.output.bytes, 20'000U);
        EXPECT_EQ(kept.diagnostics.bytes, 5'000U);
        EXPECT_NE(kept.not_kept.find("25000 bytes"), std::string::npos);
        EXPECT_EQ(text_of(*spool, "r1"), text.substr(0, 20'000));
    });
}

TEST_F(SpoolTest, KeepsOnlyWhatComesAfterTheBeginning)
{
    for (std::size_t piece = 1; piece < 30; ++piece) {
        const std::string id = "r" + std::to_string(piece);
        with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
            const auto writer = spool->writer(record(id), "@@content@@\n");
            const std::string text{"size 5\n@@content@@\nthe text\n@@content@@\n"};
            for (std::size_t at = 0; at < text.size(); at += piece) {
                writer->write(OutputStream::output, std::string_view{text}.substr(at, piece));
            }
            const auto kept = co_await writer->settle();
            EXPECT_EQ(text_of(*spool, id), "the text\n@@content@@\n");
            EXPECT_EQ(kept.output.skipped_bytes, 19U);
            EXPECT_EQ(kept.output.skipped_lines, 2U);
        });
    }
}

TEST_F(SpoolTest, TheOldestRunsMakeRoom)
{
    settings_.total_bytes_max = 100'000;
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        for (const char* id : {"r1", "r2", "r3"}) {
            clock_.time += 1s;
            co_await keep(spool, id, std::string(30'000, 'x'));
        }
        EXPECT_EQ(text_of(*spool, "r1").size(), 30'000U);
        clock_.time += 1s;
        co_await keep(spool, "r4", std::string(30'000, 'x'));
        EXPECT_EQ(text_of(*spool, "r1"), "gone");
        EXPECT_EQ(text_of(*spool, "r2").size(), 30'000U);
        EXPECT_LE(spool->total_bytes(), 100'000U);
    });
    EXPECT_FALSE(names().contains("r1.stdout"));
}

TEST_F(SpoolTest, ARunThatComesInIsNotDropped)
{
    settings_.total_bytes_max = 100'000;
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto first = spool->writer(record("r1"), {});
        first->write(OutputStream::output, std::string(60'000, 'x'));
        while (first->kept().output.bytes < 60'000) {
            co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                                       boost::asio::use_awaitable);
        }
        clock_.time += 1s;
        const auto kept = co_await keep(spool, "r2", std::string(60'000, 'y'));
        EXPECT_NE(kept.not_kept, "");
        const auto all = co_await first->settle();
        EXPECT_EQ(all.output.bytes, 60'000U);
        EXPECT_EQ(all.not_kept, "");
    });
}

TEST_F(SpoolTest, DropsWhatIsTooOldAndNotASecondEarlier)
{
    settings_.age_max = 60s;
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        co_await keep(spool, "r1", "text");
        clock_.time += 60s;
        spool->drop_old();
        EXPECT_EQ(text_of(*spool, "r1"), "text");
        clock_.time += 1s;
        spool->drop_old();
        EXPECT_EQ(text_of(*spool, "r1"), "gone");
        EXPECT_EQ(spool->total_bytes(), 0U);
    });
    EXPECT_EQ(names(), std::set<std::string>{"runs.jsonl"});
    EXPECT_EQ(fs::file_size(settings_.folder / "runs.jsonl"), 0U);
}

TEST_F(SpoolTest, AFullDiskKeepsTheBeginningAndSaysSo)
{
    fs::create_directories(settings_.folder);
    const testing::SmallDisk disk{settings_.folder};
    const auto text = numbered_lines(500'000);
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto kept = co_await keep(spool, "r1", text);
        EXPECT_GT(kept.output.bytes, 0U);
        EXPECT_LT(kept.output.bytes, 70'000U);
        EXPECT_EQ(kept.not_kept, "the gateway's disk is full or failed");
        EXPECT_EQ(text_of(*spool, "r1"), text.substr(0, kept.output.bytes));
        disk.make_room();
        EXPECT_EQ((co_await keep(spool, "r2", "fits")).not_kept, "");
    });
}

TEST_F(SpoolTest, ARestartKeepsRunsAndTheirOutput)
{
    const auto text = numbered_lines(200'000);
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        clock_.time += 2s;
        co_await keep(spool, "r2", text);
        clock_.time -= 1s;
        co_await keep(spool, "r1", "older");
        auto failed = record("r3");
        failed.shown.state = RunState::failed;
        failed.shown.error = Error{Errc::unreachable, "it broke off"};
        failed.shown.result = std::make_shared<const nlohmann::json>(nlohmann::json{{"a", 1}});
        failed.shown.ended = clock_.time;
        failed.tier = Tier::control;
        failed.shown.started += 5s;
        EXPECT_TRUE(spool->save_now(failed));
    });
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto found = spool->take_found();
        EXPECT_EQ(found.size(), 3U);
        if (found.size() != 3) co_return;
        EXPECT_EQ(found[0].shown.id.view(), "r1");
        EXPECT_EQ(found[1].shown.state, RunState::done);
        EXPECT_EQ(found[1].owner, "issuer|alice");
        EXPECT_EQ(found[1].shown.output.kept_bytes, text.size());
        EXPECT_EQ(found[2].shown.state, RunState::failed);
        EXPECT_EQ(found[2].shown.error->code(), Errc::unreachable);
        EXPECT_EQ(found[2].shown.result->at("a"), 1);
        EXPECT_EQ(found[2].shown.ended, clock_.time);
        EXPECT_EQ(found[2].tier, Tier::control);
        EXPECT_TRUE(text_of(*spool, "r2") == text);
        EXPECT_TRUE(spool->take_found().empty());
    });
}

TEST_F(SpoolTest, ACrashLeavesWhatWasWrittenAndAnUnknownRun)
{
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto writer = spool->writer(record("r1"), {});
        writer->write(OutputStream::output, "so far");
        co_await writer->settle();  // and no record of its end
    });
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        const auto found = spool->take_found();
        EXPECT_EQ(found.size(), 1U);
        EXPECT_EQ(found.at(0).shown.state, RunState::unknown);
        EXPECT_EQ(found.at(0).shown.output.kept_bytes, 6U);
        co_return;
    });
}

TEST_F(SpoolTest, ARestartRemovesWhatIsTornOrNobodys)
{
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        co_await keep(spool, "whole", "text");
        co_await keep(spool, "torn", "text");
    });
    const auto at = [&](const char* name) { return settings_.folder / name; };
    std::ostringstream lines;
    lines << std::ifstream{at("runs.jsonl")}.rdbuf();
    // Of "torn" both records are broken: that it runs, and, without its newline, that it ended.
    auto broken = lines.str().substr(0, lines.str().size() - 2);
    broken.replace(broken.find("\"torn\""), 6, "\"t\"rn\"");
    std::ofstream{at("runs.jsonl")} << broken;
    std::ofstream{at("orphan.stdout")} << "nobody's";
    std::ofstream{at("runs.jsonl.new")} << "half a record";
    fs::create_symlink("/etc/passwd", at("link.stdout"));
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().size(), 1U);
        EXPECT_TRUE(spool->save_now(record("next")));
        co_return;
    });
    EXPECT_EQ(names(), (std::set<std::string>{"runs.jsonl", "whole.stdout"}));
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().size(), 2U);
        co_return;
    });
}

TEST_F(SpoolTest, NoLinkIsFollowedToTheRecords)
{
    fs::create_directories(settings_.folder);
    fs::create_symlink(directory_.write("elsewhere", ""), settings_.folder / "runs.jsonl");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto spool = Spool::open(settings_, clock_, runtime.blocking);
        EXPECT_FALSE(spool.has_value());
        co_return;
    });
}

TEST_F(SpoolTest, TheFileOfTheRecordsStaysNearWhatItHolds)
{
    const auto file = settings_.folder / "runs.jsonl";
    auto ended = record("again");
    ended.shown.state = RunState::done;
    ended.shown.result =
        std::make_shared<const nlohmann::json>(nlohmann::json{{"text", std::string(1000, 'x')}});
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        EXPECT_TRUE(spool->save_now(record("first")));
        for (int times = 0; times < 5'000; ++times) EXPECT_TRUE(spool->save_now(ended));
        EXPECT_LT(fs::file_size(file), 1'200'000U);
        EXPECT_LT(spool->total_bytes(), 3'000U);
        EXPECT_TRUE(spool->save_now(record("last")));
        co_return;
    });
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, (std::set<std::string>{"again", "first", "last"}));
        co_return;
    });
}

TEST_F(SpoolTest, ARecordThatFindsTheDiskFullSpoilsNoneAfterIt)
{
    fs::create_directories(settings_.folder);
    const testing::SmallDisk disk{settings_.folder};
    auto large = record("large");
    large.shown.state = RunState::done;
    large.shown.result =
        std::make_shared<const nlohmann::json>(nlohmann::json{{"text", std::string(200'000, 'x')}});
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        EXPECT_TRUE(spool->save_now(record("before")));
        EXPECT_FALSE(spool->save_now(large));
        EXPECT_TRUE(spool->save_now(record("after")));
        co_return;
    });
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, (std::set<std::string>{"after", "before"}));
        co_return;
    });
}

TEST_F(SpoolTest, ARecordThatSaysRunningNeverReplacesOneThatSaysDone)
{
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        auto done = record("r1");
        done.shown.state = RunState::done;
        EXPECT_TRUE(spool->save_now(done));
        EXPECT_TRUE(spool->save_now(record("r1")));
        co_return;
    });
    with_spool([&](std::shared_ptr<Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().at(0).shown.state, RunState::done);
        co_return;
    });
}

}  // namespace
}  // namespace tailops::call
