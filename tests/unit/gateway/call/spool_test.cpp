#include "tests/support/collecting_sink.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/call/spool_rig.hpp"

#include <sys/stat.h>

namespace tailops::call {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using targets::OutputStream;
using testing::numbered_lines;
using SpoolTest = SpoolRig;
using Wants = targets::OutputSink::Wants;

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

}  // namespace
}  // namespace tailops::call
