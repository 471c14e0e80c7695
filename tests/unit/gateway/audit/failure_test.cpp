#include "gateway/audit/jsonl_trail.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <unistd.h>

#include <thread>

namespace tailops::audit {
namespace {

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
    std::atomic<bool> is_broken{false};
    auto settings = directory.settings();
    settings.sync = [&](int descriptor) {
        if (!is_broken) return ::fdatasync(descriptor);
        errno = EIO;
        return -1;
    };
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    is_broken = true;
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    EXPECT_TRUE(is_unavailable(directory.append(*trail, outcome("a"))));
    EXPECT_TRUE(is_unavailable(trail->health()));
    EXPECT_EQ(directory.found({}).size(), 1U);
    is_broken = false;
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_EQ(directory.found({.filter = {.request = "a", .outcome = "ok"}}).size(), 1U);
    EXPECT_EQ(directory.found({.filter = {.request = "b"}}).size(), 0U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(TrailFailure, RecoversWithoutBeingAsked)
{
    TrailDirectory directory;
    std::atomic<bool> is_broken{false};
    auto settings = directory.settings();
    settings.retry_interval = std::chrono::milliseconds{1};
    settings.sync = [&](int descriptor) {
        if (!is_broken) return ::fdatasync(descriptor);
        errno = EIO;
        return -1;
    };
    const auto trail = directory.open(std::move(settings));
    is_broken = true;
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("a"))));
    is_broken = false;
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
    std::atomic<int> syncs_left{1000};
    auto settings = directory.settings();
    settings.rotate_bytes = 600;
    settings.sync = [&](int descriptor) {
        if (syncs_left-- > 0) return ::fdatasync(descriptor);
        errno = EIO;
        return -1;
    };
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    syncs_left = 1;  // the old file's sync goes well, the new one's does not
    EXPECT_TRUE(is_unavailable(directory.append(*trail, intent("b"))));
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(directory.verified().files, 1U);
    syncs_left = 1000;
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
