#include "tests/support/collecting_sink.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/call/spool_rig.hpp"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

namespace tailops::call {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using targets::OutputStream;
using testing::numbered_lines;
using SpoolTest = SpoolRig;
using Wants = targets::OutputSink::Wants;

/// As a disk that is full for whatever grows beyond `bytes`.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uint64_t bytes)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(SpoolTest, KeepsBothStreamsForItsUserAlone)
{
    const auto text = numbered_lines(300'000);
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
        with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        for (const char* id : {"r1", "r2", "r3"}) {
            clock_.advance(1s);
            co_await keep(spool, id, std::string(30'000, 'x'));
        }
        EXPECT_EQ(text_of(*spool, "r1").size(), 30'000U);
        clock_.advance(1s);
        co_await keep(spool, "r4", std::string(30'000, 'x'));
        EXPECT_EQ(text_of(*spool, "r1"), "gone");
        EXPECT_EQ(text_of(*spool, "r2").size(), 30'000U);
        EXPECT_LE(spool->total_bytes(), 100'000U);
    });
    EXPECT_FALSE(names().contains("r1.stdout"));
}

TEST_F(SpoolTest, OneCallerDoesNotTakeItFromAnother)
{
    settings_.total_bytes_max = 200'000;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        owner_ = "issuer|bob";
        co_await keep(spool, "bobs", std::string(30'000, 'x'));
        owner_ = "issuer|low";
        for (int i = 0; i < 20; ++i) {
            clock_.advance(1s);
            co_await keep(spool, "low-" + std::to_string(i), std::string(30'000, 'x'));
        }
        EXPECT_EQ(text_of(*spool, "bobs").size(), 30'000U);
        EXPECT_EQ(text_of(*spool, "low-14"), "gone");
        EXPECT_EQ(text_of(*spool, "low-19").size(), 30'000U);
    });
}

TEST_F(SpoolTest, ChangesStayLongerThanLooks)
{
    settings_.total_bytes_max = 200'000;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        tier_ = Tier::control;
        co_await keep(spool, "change", std::string(30'000, 'x'));
        tier_ = Tier::observe;
        for (int i = 0; i < 20; ++i) {
            clock_.advance(1s);
            co_await keep(spool, "look-" + std::to_string(i), std::string(30'000, 'x'));
        }
        EXPECT_EQ(text_of(*spool, "change").size(), 30'000U);
    });
}

TEST_F(SpoolTest, OutputsThatComeInLeaveRoomForThoseOfOthers)
{
    settings_.total_bytes_max = 200'000;
    settings_.run_bytes_max = 90'000;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        const auto home = co_await boost::asio::this_coro::executor;
        owner_ = "issuer|low";
        const auto first = spool->writer(record("low-1"), {});
        const auto second = spool->writer(record("low-2"), {});
        for (const auto& writer : {first, second}) {
            writer->write(OutputStream::output, std::string(90'000, 'x'));
            while (writer->kept().output.bytes < 90'000 && writer->kept().not_kept.empty()) {
                co_await boost::asio::post(home, boost::asio::use_awaitable);
            }
        }
        owner_ = "issuer|bob";
        const auto bobs = co_await keep(spool, "bobs", std::string(90'000, 'y'));
        EXPECT_EQ(bobs.not_kept, "");
        const auto whole = co_await first->settle();
        EXPECT_EQ(whole.not_kept, "");
        const auto cut = co_await second->settle();
        EXPECT_EQ(cut.not_kept, "the outputs of calls that still run fill the spool");
    });
}

TEST_F(SpoolTest, DropsNothingBecauseTheClockIsSet)
{
    settings_.age_max = 60s;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        co_await keep(spool, "r1", "text");
        for (const auto jump : {26h, -24h * 400}) {
            clock_.time += jump;
            spool->drop_old();
            EXPECT_EQ(text_of(*spool, "r1"), "text");
        }
        clock_.advance(61s);
        spool->drop_old();
        EXPECT_EQ(text_of(*spool, "r1"), "gone") << "as old as it is";
    });
}

TEST_F(SpoolTest, TellsThatARunWentOnceTheDiskTakesThat)
{
    settings_.total_bytes_max = 100'000;
    std::filesystem::create_directories(settings_.folder);
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        co_await keep(spool, "r1", std::string(60'000, 'x'));
    });
    // The records cannot grow, and then they can.
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        clock_.advance(1s);
        {
            const FileSizeLimit limit{fs::file_size(settings_.folder / "runs.jsonl") + 10};
            auto large = record("r3");
            large.shown.result = std::make_shared<const nlohmann::json>(
                nlohmann::json{{"text", std::string(60'000, 'x')}});
            EXPECT_FALSE(spool->save_now(large)) << "it has made room, and could not say so";
        }
        EXPECT_EQ(text_of(*spool, "r1"), "gone");
        EXPECT_TRUE(spool->save_now(record("r4")));
        co_return;
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, std::set<std::string>{"r4"});
        co_return;
    });
}

TEST_F(SpoolTest, LeavesNoHalfOfAFileThatShouldHaveTakenItsPlace)
{
    settings_.age_max = 60s;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        co_await keep(spool, "r1", "text");
        clock_.advance(30s);
        co_await keep(spool, "r2", "text");
        clock_.advance(31s);
        {
            const FileSizeLimit limit{10};
            spool->drop_old();
        }
        EXPECT_FALSE(names().contains("runs.jsonl.new"));
        EXPECT_EQ(text_of(*spool, "r2"), "text");
        EXPECT_TRUE(spool->save_now(record("r3"))) << "and tells that the first went";
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, (std::set<std::string>{"r2", "r3"}));
        co_return;
    });
}

TEST_F(SpoolTest, ARunThatComesInIsNotDropped)
{
    settings_.total_bytes_max = 100'000;
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        const auto first = spool->writer(record("r1"), {});
        first->write(OutputStream::output, std::string(60'000, 'x'));
        while (first->kept().output.bytes < 60'000) {
            co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                                       boost::asio::use_awaitable);
        }
        clock_.advance(1s);
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        co_await keep(spool, "r1", "text");
        clock_.advance(60s);
        spool->drop_old();
        EXPECT_EQ(text_of(*spool, "r1"), "text");
        clock_.advance(1s);
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
