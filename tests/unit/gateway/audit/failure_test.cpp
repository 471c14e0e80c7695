#include "gateway/audit/jsonl_trail.hpp"
#include "tests/support/faults.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <unistd.h>

#include <semaphore>
#include <thread>

namespace tailops::audit {
namespace {

using testing::FaultyDisk;
using Step = FaultyDisk::Step;

bool is_unavailable(const Status& status)
{
    return !status && status.error().code() == Errc::unavailable;
}

TEST(TrailFailure, AFullDiskRefusesUntilThereIsRoomAndTheChainStaysWhole)
{
    TrailDirectory directory;
    const testing::SmallDisk disk{directory.path};
    const auto trail = directory.open();
    int accepted = 0;
    auto last = Status{};
    while (last && accepted < 10'000) {
        last = directory.append(*trail, intent(std::to_string(accepted)));
        if (last) ++accepted;
    }
    ASSERT_TRUE(is_unavailable(last));
    EXPECT_TRUE(is_unavailable(trail->health()));
    EXPECT_EQ(last.error().public_message(), "the audit trail cannot be written");
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("refused"))));
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("refused"), Durability::buffered)));
    // Nothing half-written is in sight, though the disk took a part of the last record.
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_TRUE(directory.text().ends_with('\n'));

    disk.make_room();
    EXPECT_TRUE(directory.append(*trail, intent("after")));
    EXPECT_TRUE(trail->health());
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(directory.found({.filter = {.request = "refused"}}).size(), 0U);
    EXPECT_EQ(directory.found({.filter = {.request = "after"}}).size(), 1U);
    EXPECT_EQ(directory.found({.filter = {.tool = "manage_container"}, .limit = 100'000}).size(),
              static_cast<std::size_t>(accepted) + 1);
    EXPECT_EQ(directory.found({.filter = {.subject = "trail"}}).size(),
              1U);  // "can be written again"
}

TEST(TrailFailure, AnOutcomeThatWasRefusedIsWrittenLater)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    disk->fail(Step::sync_data, EIO);
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    EXPECT_TRUE(is_unavailable(directory.append(*trail, outcome("a"))));
    EXPECT_TRUE(is_unavailable(trail->health()));
    EXPECT_EQ(directory.found({}).size(), 1U);
    disk->mend();
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_EQ(directory.found({.filter = {.request = "a", .outcome = "ok"}}).size(), 1U);
    EXPECT_EQ(directory.found({.filter = {.request = "b"}}).size(), 0U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, RecoversWithoutBeingAsked)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.retry_interval = std::chrono::milliseconds{1};
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    disk->fail(Step::sync_data, EIO);
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("a"))));
    disk->mend();
    while (!trail->health()) std::this_thread::yield();
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, ARemovedFileRefusesUntilItIsBack)
{
    TrailDirectory directory;
    const auto trail = directory.open();
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    const auto file = directory.path / "audit.jsonl";
    const auto aside = directory.path / "elsewhere";
    std::filesystem::rename(file, aside);
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    std::filesystem::copy_file(aside, file);  // the same text, another file
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("c"))));
    std::filesystem::rename(aside, file);
    EXPECT_TRUE(directory.append(*trail, intent("d")));
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, AFileThatAnotherProgramChangedRefuses)
{
    TrailDirectory directory;
    const auto trail = directory.open();
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    std::ofstream{directory.path / "audit.jsonl", std::ios::app} << "a line of mine\n";
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    std::filesystem::resize_file(directory.path / "audit.jsonl", 10);
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("c"))));
}

TEST(TrailFailure, ARotationThatFailsGoesBackAndRefuses)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 400;
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    disk->fail(Step::sync_data, EIO, 1);  // the old file's goes well, the new one's does not
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(directory.verified().files, 1U);
    disk->mend();
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_EQ(trail->counters().rotations, 1U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, TheOutcomeOfABegunCallIsTakenWhileTheDiskRefuses)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    disk->fail(Step::sync_data, EIO);
    ASSERT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    EXPECT_TRUE(directory.append(*trail, outcome("a"), Durability::buffered));
    // Its neighbours promise nothing: what did not begin, and what only looks at the gateway.
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("c"), Durability::buffered)));
    EXPECT_TRUE(is_unavailable(directory.append(*trail, outcome("d"), Durability::buffered)));
    disk->mend();
    EXPECT_TRUE(directory.append(*trail, intent("e")));
    EXPECT_EQ(directory.found({.filter = {.request = "a", .outcome = "ok"}}).size(), 1U);
    EXPECT_EQ(directory.found({.filter = {.request = "c"}}).size(), 0U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, TheOutcomeOfABegunCallIsTakenWhenTheQueueIsFull)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.queue_bytes_max = 2 * line_bytes_max;
    std::atomic<bool> is_armed{false};
    std::binary_semaphore entered{0};
    std::binary_semaphore leave{0};
    const auto disk = std::make_shared<FaultyDisk>();
    disk->before_step = [&](Step step) {
        if (step != Step::sync_data || !is_armed.exchange(false)) return;
        entered.release();
        leave.acquire();
    };
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    is_armed = true;
    Status held;
    std::jthread waiting{[&] {
        boost::asio::io_context io;
        boost::asio::co_spawn(io, trail->append(intent("held"), Durability::durable),
                              [&](std::exception_ptr, Status status) { held = status; });
        io.run();
    }};
    entered.acquire();
    const auto fill_share_of = [&](const std::string& caller) {
        auto last = Status{};
        for (int i = 0; last && i < 100'000; ++i) {
            auto more = intent("more-" + caller + std::to_string(i));
            more.subject = caller;
            last = directory.append(*trail, std::move(more), Durability::buffered);
        }
        EXPECT_TRUE(is_unavailable(last));
    };
    // Of 512 KiB one caller gets 256, so that there is room for others; two fill it.
    fill_share_of("greedy");
    const auto of_one = trail->counters().queued;
    EXPECT_TRUE(directory.append(*trail, intent("of another"), Durability::buffered));
    fill_share_of("greedy too");
    EXPECT_GT(trail->counters().queued, of_one + of_one / 2);
    EXPECT_TRUE(directory.append(*trail, outcome("a"), Durability::buffered));
    EXPECT_TRUE(is_unavailable(directory.append(*trail, outcome("a"), Durability::buffered)));
    leave.release();
    waiting.join();
    EXPECT_TRUE(held);
    // The queue is full until the writer has come to what stands in it.
    auto flushed = directory.flush(*trail);
    for (int i = 0; !flushed && i < 60'000; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        flushed = directory.flush(*trail);
    }
    ASSERT_TRUE(flushed);
    EXPECT_EQ(directory.found({.filter = {.request = "a", .outcome = "ok"}}).size(), 1U);
}

TEST(TrailFailure, ASyncThatFailedHasAllThatIsNotSafeWrittenAgain)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.flush_interval = std::chrono::milliseconds{1};
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    const auto file = (directory.path / "audit.jsonl").string();
    ASSERT_TRUE(directory.append(*trail, intent("a"), Durability::buffered));
    while (trail->counters().records == 0) std::this_thread::yield();
    const auto written = directory.text().size();
    ASSERT_LT(disk->durable_bytes(file), written);
    disk->fail(Step::sync_data, EIO);
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    disk->mend();
    // The kernel takes the bytes of "a" for written; they are not.
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_EQ(disk->durable_bytes(file), directory.text().size());
    EXPECT_EQ(directory.found({.filter = {.request = "a"}}).size(), 1U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, BufferedRecordsBecomeDurableBeforeTheyFillTheMemory)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.flush_interval = std::chrono::milliseconds{1};
    settings.queue_bytes_max = 64 * 1024 * 1024;  // room for all, however slow the disk is
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    const auto file = (directory.path / "audit.jsonl").string();
    const auto before = disk->durable_bytes(file);
    for (int i = 0; disk->durable_bytes(file) == before; ++i) {
        ASSERT_LT(i, 20'000);
        ASSERT_TRUE(directory.append(*trail, intent(std::to_string(i)), Durability::buffered));
        if (i % 100 == 0) std::this_thread::yield();
    }
}

TEST(TrailFailure, AStopOnABrokenDiskTellsThoseWhoWait)
{
    TrailDirectory directory;
    std::atomic<bool> is_armed{false};
    std::binary_semaphore entered{0};
    std::binary_semaphore leave{0};
    auto settings = directory.settings();
    const auto disk = std::make_shared<FaultyDisk>();
    disk->before_step = [&](Step step) {
        if (step != Step::sync_data || !is_armed.exchange(false)) return;
        entered.release();
        leave.acquire();
    };
    settings.disk = disk;
    auto trail = directory.open(std::move(settings));
    is_armed = true;
    std::vector<Status> told;
    const auto spawn = [&](const char* request) {
        boost::asio::co_spawn(directory.io, trail->append(intent(request), Durability::durable),
                              [&](std::exception_ptr, Status status) { told.push_back(status); });
        directory.io.restart();
        directory.io.poll();
    };
    spawn("first");
    entered.acquire();
    spawn("second");
    disk->fail(Step::sync_data, EIO);
    std::jthread ending{[&] { trail.reset(); }};
    leave.release();
    directory.io.restart();
    directory.io.run();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_TRUE(is_unavailable(told[0]));
    EXPECT_TRUE(is_unavailable(told[1]));
}

TEST(TrailFailure, ARotationWithoutADescriptorToSpareGoesBackAndRefuses)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 400;
    const auto disk = std::make_shared<FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    for (const auto step : {Step::open, Step::rename, Step::write, Step::sync}) {
        disk->fail(step, step == Step::open ? EMFILE : EIO);
        EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
        EXPECT_EQ(directory.names(), (std::vector<std::string>{"audit.jsonl", "audit.lock"}));
        disk->mend();
    }
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_EQ(trail->counters().rotations, 1U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, ADirectoryThatCannotBeMadeIsRefusedAtTheStart)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.directory = directory.path / "no" / "such";
    const auto trail = JsonlTrail::open(std::move(settings), directory.clock);
    ASSERT_FALSE(trail);
    EXPECT_EQ(trail.error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace tailops::audit
