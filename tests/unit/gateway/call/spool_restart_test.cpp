#include "tests/support/collecting_sink.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/call/spool_rig.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

// What the next daemon finds in the folder.

namespace tailops::call {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using targets::OutputStream;
using testing::numbered_lines;
using tools::RunState;
using SpoolRecordsTest = SpoolRig;

TEST_F(SpoolRecordsTest, WhatMadeRoomStaysGoneAfterARestart)
{
    settings_.total_bytes_max = 100'000;
    const auto found = [](runs::Spool& spool) {
        std::set<std::string> ids;
        for (const auto& one : spool.take_found()) ids.insert(one.shown.id.str());
        return ids;
    };
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        for (const char* id : {"r1", "r2", "r3", "r4"}) {
            clock_.advance(1s);
            co_await keep(spool, id, std::string(30'000, 'x'));
        }
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_EQ(found(*spool), (std::set<std::string>{"r2", "r3", "r4"}));
        // A record alone can need the room, and a run that went can be told of again.
        auto large = record("r5");
        large.shown.state = RunState::ok;
        large.shown.started += 1s;
        large.shown.result = std::make_shared<const nlohmann::json>(
            nlohmann::json{{"text", std::string(20'000, 'x')}});
        EXPECT_TRUE(spool->save_now(large));
        EXPECT_EQ(text_of(*spool, "r2"), "gone");
        EXPECT_TRUE(spool->save_now(record("r1")));
        co_return;
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_EQ(found(*spool), (std::set<std::string>{"r1", "r3", "r4", "r5"}));
        co_return;
    });
}

TEST_F(SpoolRecordsTest, ARestartKeepsRunsAndTheirOutput)
{
    const auto text = numbered_lines(200'000);
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        const auto found = spool->take_found();
        EXPECT_EQ(found.size(), 3U);
        if (found.size() != 3) co_return;
        EXPECT_EQ(found[0].shown.id.view(), "r1");
        EXPECT_EQ(found[1].shown.state, RunState::ok);
        EXPECT_EQ(found[1].owner, "issuer|alice");
        EXPECT_EQ(found[1].shown.output.kept_bytes, text.size());
        EXPECT_EQ(found[2].shown.state, RunState::unreachable) << "as earlier versions wrote it";
        EXPECT_EQ(found[2].shown.error->code(), Errc::unreachable);
        EXPECT_EQ(found[2].shown.result->at("a"), 1);
        EXPECT_EQ(found[2].shown.ended, clock_.time);
        EXPECT_EQ(found[2].tier, Tier::control);
        EXPECT_TRUE(text_of(*spool, "r2") == text);
        EXPECT_TRUE(spool->take_found().empty());
    });
}

TEST_F(SpoolRecordsTest, ACrashLeavesWhatWasWrittenAndAnUnknownRun)
{
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        const auto writer = spool->writer(record("r1"), {});
        writer->write(OutputStream::output, "so far");
        co_await writer->settle();  // and no record of its end
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        const auto found = spool->take_found();
        EXPECT_EQ(found.size(), 1U);
        EXPECT_EQ(found.at(0).shown.state, RunState::unknown);
        EXPECT_EQ(found.at(0).shown.output.kept_bytes, 6U);
        co_return;
    });
}

TEST_F(SpoolRecordsTest, ARestartRemovesWhatIsTornOrNobodys)
{
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
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
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().size(), 1U);
        EXPECT_TRUE(spool->save_now(record("next")));
        co_return;
    });
    EXPECT_EQ(names(), (std::set<std::string>{"runs.jsonl", "whole.stdout"}));
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().size(), 2U);
        co_return;
    });
}

TEST_F(SpoolRecordsTest, NoLinkIsFollowedToTheRecords)
{
    fs::create_directories(settings_.folder);
    fs::create_symlink(directory_.write("elsewhere", ""), settings_.folder / "runs.jsonl");
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto spool = runs::Spool::open(settings_, clock_.ages(), runtime.blocking);
        EXPECT_FALSE(spool.has_value());
        co_return;
    });
}

TEST_F(SpoolRecordsTest, AFifoIsNotWaitedFor)
{
    fs::create_directories(settings_.folder);
    ASSERT_EQ(::mkfifo((settings_.folder / "runs.jsonl").c_str(), 0600), 0);
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto spool = runs::Spool::open(settings_, clock_.ages(), runtime.blocking);
        const auto why = spool ? std::string{} : spool.error().detail();
        EXPECT_NE(why.find("runs.jsonl: it is a FIFO"), why.npos) << why;
        co_return;
    });
}

TEST_F(SpoolRecordsTest, TheFileOfTheRecordsStaysNearWhatItHolds)
{
    const auto file = settings_.folder / "runs.jsonl";
    auto ended = record("again");
    ended.shown.state = RunState::ok;
    ended.shown.result =
        std::make_shared<const nlohmann::json>(nlohmann::json{{"text", std::string(1000, 'x')}});
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_TRUE(spool->save_now(record("first")));
        for (int times = 0; times < 5'000; ++times) EXPECT_TRUE(spool->save_now(ended));
        EXPECT_LT(fs::file_size(file), 1'200'000U);
        EXPECT_LT(spool->total_bytes(), 3'000U);
        EXPECT_TRUE(spool->save_now(record("last")));
        co_return;
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, (std::set<std::string>{"again", "first", "last"}));
        co_return;
    });
}

TEST_F(SpoolRecordsTest, ARecordThatFindsTheDiskFullSpoilsNoneAfterIt)
{
    fs::create_directories(settings_.folder);
    const testing::SmallDisk disk{settings_.folder};
    auto large = record("large");
    large.shown.state = RunState::ok;
    large.shown.result =
        std::make_shared<const nlohmann::json>(nlohmann::json{{"text", std::string(200'000, 'x')}});
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_TRUE(spool->save_now(record("before")));
        EXPECT_FALSE(spool->save_now(large));
        EXPECT_TRUE(spool->save_now(record("after")));
        co_return;
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        std::set<std::string> found;
        for (const auto& one : spool->take_found()) found.insert(one.shown.id.str());
        EXPECT_EQ(found, (std::set<std::string>{"after", "before"}));
        co_return;
    });
}

TEST_F(SpoolRecordsTest, ARecordThatSaysRunningNeverReplacesOneThatSaysDone)
{
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        auto done = record("r1");
        done.shown.state = RunState::ok;
        EXPECT_TRUE(spool->save_now(done));
        EXPECT_TRUE(spool->save_now(record("r1")));
        co_return;
    });
    with_spool([&](std::shared_ptr<runs::Spool> spool) -> Task<void> {
        EXPECT_EQ(spool->take_found().at(0).shown.state, RunState::ok);
        co_return;
    });
}

}  // namespace
}  // namespace tailops::call
