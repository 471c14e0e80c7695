#include "gateway/async/runtime.hpp"
#include "gateway/audit/recovery.hpp"
#include "tests/support/faults.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <boost/asio/strand.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <sstream>

namespace tailops::audit {
namespace {

/// Some calls with rotations and removals; says each intent that was acknowledged in `said`.
void make_calls(TrailDirectory& directory,
                const std::shared_ptr<Disk>& disk,
                const std::string& said,
                const std::string& prefix)
{
    auto settings = directory.settings();
    settings.rotate_bytes = 1;
    settings.files_max = 3;
    settings.disk = disk;
    const auto trail = JsonlTrail::open(std::move(settings), directory.clock);
    if (!trail) ::_exit(1);
    std::ofstream out{said, std::ios::app};
    for (int i = 0; i < 2; ++i) {
        const auto request = prefix + std::to_string(i);
        if (!directory.append(**trail, intent(request))) ::_exit(2);
        out << request << std::endl;
        if (!directory.append(**trail, outcome(request))) ::_exit(3);
    }
}

/// Requests of the trail by how often each has an intent, and an outcome.
std::map<std::string, int> count(const TrailDirectory& directory, LineKind kind)
{
    std::map<std::string, int> counts;
    for (const auto& found : directory.found({.limit = 1'000'000})) {
        if (found.kind == kind) ++counts[found.record.request.str()];
    }
    return counts;
}

TEST(Crash, AtAnyStepOfTheDiskLeavesASoundTrailAndNoIntentWithoutAnOutcome)
{
    unsigned step = 0;
    for (bool was_killed = true; was_killed; ++step) {
        SCOPED_TRACE(step);
        ASSERT_LT(step, 500U);
        TrailDirectory directory;
        const auto said = directory.path.string() + ".said";
        const auto killed = testing::is_killed([&] {
            const auto disk = std::make_shared<testing::FaultyDisk>();
            disk->kill_after(step);
            make_calls(directory, disk, said, "first-");
        });
        ASSERT_TRUE(killed) << "it ended by itself";
        was_killed = *killed;
        // Once more by the same path, so that what the crash left is rotated and removed as well.
        const auto again = testing::is_killed(
            [&] { make_calls(directory, std::make_shared<Disk>(), said, "second-"); });
        ASSERT_TRUE(again);
        EXPECT_FALSE(*again);
        {
            ASSERT_TRUE(directory.open());
        }
        const auto report = directory.verified();
        EXPECT_TRUE(report.is_sound()) << report.problems[0].describe();
        // What retention left has one outcome for each intent; what was said stands there, unless
        // it is so old that it was removed.
        const auto outcomes = count(directory, LineKind::outcome);
        for (const auto& [request, times] : count(directory, LineKind::intent)) {
            const auto found = outcomes.find(request);
            ASSERT_NE(found, outcomes.end()) << request;
            EXPECT_EQ(found->second, 1) << request;
            EXPECT_EQ(times, 1) << request;
        }
        EXPECT_TRUE(outcomes.contains("second-1"));
        std::filesystem::remove(said);
    }
    EXPECT_GT(step, 40U);  // each call takes several, and each was the last one once
}

/// Writes calls from four strands until it is killed; says each finished intent on `out`.
[[noreturn]] void write_until_killed(TrailDirectory& directory, int out)
{
    Runtime runtime{2, 1};
    auto settings = directory.settings();
    settings.rotate_bytes = 100'000;
    const auto trail = JsonlTrail::open(std::move(settings), directory.clock);
    if (!trail) ::_exit(1);
    auto& target = **trail;
    for (int strand = 0; strand < 8; ++strand) {
        boost::asio::co_spawn(
            boost::asio::make_strand(runtime.io),
            [&target, strand, out]() -> Task<void> {
                for (int i = 0;; ++i) {
                    const auto request = std::to_string(strand) + "-" + std::to_string(i);
                    if (!co_await target.append(intent(request), Durability::durable)) ::_exit(2);
                    const auto said = request + "\n";
                    if (::write(out, said.data(), said.size()) < 0) ::_exit(3);
                    if (!co_await target.append(outcome(request), Durability::buffered)) ::_exit(4);
                }
            },
            [](std::exception_ptr) { ::_exit(5); });
    }
    runtime.run();
    ::_exit(6);
}

TEST(Crash, UnderLoadLeavesASoundTrailAndNoIntentWithoutAnOutcome)
{
    TrailDirectory directory;
    for (int round = 0; round < 3; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(directory, ends[1]);
        }
        ::close(ends[1]);
        std::string said;
        char buffer[4096];
        while (std::ranges::count(said, '\n') < 500) {
            const auto count = ::read(ends[0], buffer, sizeof buffer);
            ASSERT_GT(count, 0) << "the writer ended by itself";
            said.append(buffer, static_cast<std::size_t>(count));
        }
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        ::close(ends[0]);

        {
            ASSERT_TRUE(directory.open());
        }
        const auto report = directory.verified();
        EXPECT_TRUE(report.is_sound()) << report.problems[0].describe();
        // What was said to be durable is there, and every intent has exactly one outcome.
        std::map<std::string, int> intents;
        std::map<std::string, int> outcomes;
        for (const auto& found : directory.found({.limit = 1'000'000})) {
            auto& seen = found.kind == LineKind::intent ? intents : outcomes;
            if (!found.record.request.empty()) ++seen[found.record.request.str()];
        }
        EXPECT_EQ(intents, outcomes);
        std::istringstream in{said.substr(0, said.rfind('\n'))};
        for (std::string request; std::getline(in, request);) EXPECT_EQ(intents.count(request), 1U);
        // The next round's numbers start over, so it gets a directory of its own.
        for (const auto& name : directory.names()) std::filesystem::remove(directory.path / name);
    }
}

}  // namespace
}  // namespace tailops::audit
