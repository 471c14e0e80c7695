#include "gateway/audit/jsonl_trail.hpp"
#include "tests/support/faults.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <cerrno>

namespace tailops::audit {
namespace {

using Kind = Problem::Kind;

std::vector<Kind> kinds(const Report& report)
{
    std::vector<Kind> kinds;
    for (const auto& problem : report.problems) kinds.push_back(problem.kind);
    return kinds;
}

/// A trail that puts its file aside before each call, and keeps `files_max`.
TrailSettings rotating(const TrailDirectory& directory, std::size_t files_max)
{
    auto settings = directory.settings();
    settings.rotate_bytes = 1;
    settings.files_max = files_max;
    return settings;
}

void make_calls(TrailDirectory& directory, JsonlTrail& trail, int from, int count)
{
    for (int i = from; i < from + count; ++i) {
        ASSERT_TRUE(directory.append_all(
            trail, {intent(std::to_string(i)), outcome(std::to_string(i))}, Durability::durable));
    }
}

std::vector<std::string> rotated(const TrailDirectory& directory)
{
    std::vector<std::string> names;
    for (const auto& name : directory.names()) {
        if (name.starts_with("audit-")) names.push_back(name);
    }
    return names;
}

std::size_t alarms(const TrailDirectory& directory)
{
    return directory.found({.filter = {.outcome = std::string{outcome_alarm}}, .limit = 1000})
        .size();
}

TEST(Retention, GivesNobodyElsesDeedForItsOwn)
{
    TrailDirectory directory;
    const auto trail = directory.open(rotating(directory, 8));
    make_calls(directory, *trail, 0, 3);
    // Somebody without the key removes the oldest, and plants files that look older still, whose
    // last lines name what is gone as if it had been removed in order.
    const auto names = rotated(directory);
    std::filesystem::remove(directory.path / names[0]);
    const auto second = directory.text(names[1]);
    const auto next = *parse_frame(std::string_view{second}.substr(0, second.find('\n')));
    std::vector<std::string> planted;
    for (int i = 0; i < 8; ++i) {
        const auto name = "audit-00000000000" + std::to_string(i) + ".jsonl";
        if (std::filesystem::exists(directory.path / name)) continue;
        directory.rewrite(R"({"seq":)" + std::to_string(next.seq - 1) + R"(,"prev":")" +
                              std::string(64, '0') + R"(","time":"x","mac":")" +
                              std::string{next.prev} + "\"}\n",
                          name);
        planted.push_back(name);
    }
    ASSERT_GT(planted.size(), 2U);
    for (int i = 3; alarms(directory) == 0; ++i) {
        ASSERT_LT(i, 12) << "no alarm";
        make_calls(directory, *trail, i, 1);
    }
    EXPECT_EQ(alarms(directory), 1U);
    for (const auto& name : planted) {
        EXPECT_TRUE(std::filesystem::remove(directory.path / name)) << name << " was deleted";
    }
    const auto report = directory.verified();
    ASSERT_EQ(kinds(report), std::vector{Kind::alarm});
    EXPECT_NE(report.problems[0].text.find("records 1 to"), std::string::npos);
}

TEST(Retention, AFileRemovedWhileTheGatewayWasDownIsAnAlarmOnce)
{
    TrailDirectory directory;
    {
        const auto trail = directory.open(rotating(directory, 8));
        make_calls(directory, *trail, 0, 3);
    }
    std::filesystem::remove(directory.path / rotated(directory)[0]);
    EXPECT_EQ(kinds(directory.verified()), std::vector{Kind::missing_files});
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(directory.open());
    }
    EXPECT_EQ(alarms(directory), 1U);
    const auto told = directory.verified();
    EXPECT_EQ(kinds(told), std::vector{Kind::alarm});

    // Whoever has understood it says so, and hears of what comes after it.
    const auto seq = directory.found({.filter = {.outcome = std::string{outcome_alarm}}})[0].seq;
    const auto known = verify(directory.path, TrailDirectory::key(), {.acknowledged_seq = seq});
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->is_sound());
    EXPECT_FALSE(
        verify(directory.path, TrailDirectory::key(), {.acknowledged_seq = seq - 1})->is_sound());
}

TEST(Retention, GoesOnPastAFileThatWasDamaged)
{
    TrailDirectory directory;
    const auto trail = directory.open(rotating(directory, 8));
    make_calls(directory, *trail, 0, 2);
    const auto damaged = rotated(directory)[0];
    directory.rewrite("nothing that parses\n", damaged);
    make_calls(directory, *trail, 2, 4);
    EXPECT_EQ(alarms(directory), 1U);
    make_calls(directory, *trail, 6, 8);
    // It stays, as evidence; the others come and go as ever.
    EXPECT_EQ(directory.text(damaged), "nothing that parses\n");
    EXPECT_EQ(rotated(directory).size(), 8U);
}

TEST(Retention, KeepsAFileThatCannotBeReadForTheNextTime)
{
    TrailDirectory directory;
    auto settings = rotating(directory, 4);
    const auto disk = std::make_shared<testing::FaultyDisk>();
    settings.disk = disk;
    const auto trail = directory.open(std::move(settings));
    make_calls(directory, *trail, 0, 3);
    disk->fail(testing::FaultyDisk::Step::remove, EIO);
    make_calls(directory, *trail, 3, 1);
    EXPECT_GT(rotated(directory).size(), 3U);
    disk->mend();
    make_calls(directory, *trail, 4, 2);
    EXPECT_EQ(rotated(directory).size(), 3U);
    EXPECT_EQ(alarms(directory), 0U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(Retention, WhatOneCarriesOverDoesNotCountAgainstTheSize)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 20'000;
    settings.files_max = 3;
    const auto trail = directory.open(std::move(settings));
    auto record = intent("");
    record.parameters = std::string(1900, 'x');
    for (int i = 0; i < 20; ++i) {
        record.request = RequestId{"long-" + std::to_string(i)};
        ASSERT_TRUE(directory.append(*trail, record));
    }
    const auto before = trail->counters().rotations;
    make_calls(directory, *trail, 0, 20);
    // 20 calls are 30 KB; that they carry 50 KB of open calls along is not their fault.
    EXPECT_LE(trail->counters().rotations - before, 2U);
    EXPECT_EQ(directory.found({.filter = {.request = "0"}}).size(), 2U);
}

}  // namespace
}  // namespace tailops::audit
